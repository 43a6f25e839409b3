#include "responder/ocsp_http.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/bytes.h"
#include "responder/freshness.h"
#include "responder/http/conditional_request.h"
#include "responder/http/plain_response.h"
#include "responder/ocsp_path.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {
namespace {

// Every OCSPResponse, the error ones too: RFC 6960 appendix A.2.
constexpr char kContentType[] = "Content-Type: application/ocsp-response\r\n";

// A media type without parameters, compared as RFC 9110 section 8.3.1 says.
bool IsOcspRequestType(absl::string_view content_type) {
  const absl::string_view type = absl::StripAsciiWhitespace(
      content_type.substr(0, content_type.find(';')));
  return absl::EqualsIgnoreCase(type, "application/ocsp-request");
}

// "hex SHA-256 of the body" in quotes: a strong validator.
void SetEtag(const crypto::Sha256Digest& digest, std::string& etag) {
  constexpr char kDigits[] = "0123456789abcdef";
  etag.resize(2 * digest.size() + 2);
  char* next = etag.data();
  *next++ = '"';
  for (const uint8_t octet : digest) {
    *next++ = kDigits[octet >> 4];
    *next++ = kDigits[octet & 15];
  }
  *next = '"';
}

}  // namespace

void OcspHttp::ReadPath(absl::string_view path, Work& work) {
  work.request = DecodeOcspPath(path, work.decoded)
                     ? x509::ParseOcspRequest(base::AsBytes(work.decoded))
                     : absl::InvalidArgumentError("path: no base64");
}

void OcspHttp::Expect(Work& work) const {
  work.expected =
      work.request.ok() ? source_.Expect(work.request->cert_ids.front()) : 0;
}

void OcspHttp::Begin(absl::string_view path, Work& work) const {
  work.path = path;
  work.key = RecentAnswers::KeyOf(path);
  recent_.Prefetch(work.key);
  work.next = Work::Step::kRead;
}

void OcspHttp::Approach(Work& work) const {
  switch (work.next) {
    case Work::Step::kRead:
      work.recent = recent_.Expects(work.key);
      if (work.recent) break;
      ReadPath(work.path, work);
      Expect(work);
      work.next = Work::Step::kApproach;
      return;
    case Work::Step::kApproach:
      source_.Approach(work.expected);
      break;
    case Work::Step::kAnswer:
      break;
  }
  work.next = Work::Step::kAnswer;
}

void OcspHttp::BeginPost(const HttpRequest& request, Work& work) const {
  work.next = Work::Step::kApproach;
  work.request = x509::ParseOcspRequest(base::AsBytes(request.body));
  Expect(work);
}

void OcspHttp::Get(const HttpRequest& request, absl::string_view path,
                   HttpResponse& response) {
  Work* work = static_cast<Work*>(request.work);
  if (work == nullptr) {
    work = &own_;
    Begin(path, *work);
  }
  if (work->next == Work::Step::kRead) Approach(*work);
  if (work->recent) {
    const OcspAnswer* const recent = recent_.Find(work->key, path);
    if (recent != nullptr && source_.Holds(recent->origin)) {
      counters_.Add(OcspCount::kRecent);
      return Send(request, *recent, response);
    }
    ReadPath(path, *work);
  }
  const std::optional<OcspAnswer> answer = Make(work->request, response);
  if (!answer.has_value()) return;
  Send(request, *answer, response);
  if (answer->origin.edition != 0) recent_.Offer(work->key, path, *answer);
}

void OcspHttp::Post(const HttpRequest& request, HttpResponse& response) {
  if (!request.content_type.empty() &&
      !IsOcspRequestType(request.content_type)) {
    return SetPlainResponse(
        415, "Content-Type must be application/ocsp-request", response);
  }
  Work* work = static_cast<Work*>(request.work);
  if (work == nullptr) {
    work = &own_;
    BeginPost(request, *work);
  }
  const std::optional<OcspAnswer> answer = Make(work->request, response);
  if (answer.has_value()) Send(request, *answer, response);
}

std::optional<OcspAnswer> OcspHttp::Make(
    const absl::StatusOr<x509::OcspRequest>& parsed, HttpResponse& response) {
  if (!parsed.ok()) {
    Refuse(ErrorStatus::kMalformedRequest, OcspCount::kMalformed, response);
    return std::nullopt;
  }
  FoundOcsp found;
  der_.clear();
  switch (FindForAll(parsed->cert_ids, der_, found)) {
    case Lookup::kFound:
      break;
    case Lookup::kUnknown:
      Refuse(ErrorStatus::kUnauthorized, OcspCount::kUnknown, response);
      return std::nullopt;
    case Lookup::kSeveral:
      Refuse(ErrorStatus::kUnauthorized, OcspCount::kSeveral, response);
      return std::nullopt;
    case Lookup::kUnavailable:
      Refuse(ErrorStatus::kTryLater, OcspCount::kUnavailable, response);
      return std::nullopt;
  }
  SetEtag(sha256_.Update(base::AsBytes(der_)).Finish(), etag_);
  fields_.clear();
  AppendValidators(found.times, etag_, dates_, fields_);
  tags_.AppendOcsp(found.issuer, parsed->cert_ids.front().serial, fields_);
  // What holds for one of several CertIDs need not hold for all.
  const bool one = parsed->cert_ids.size() == 1;
  return OcspAnswer{.times = found.times,
                    .origin = one ? found.origin : OcspOrigin(),
                    .etag = etag_,
                    .fields = fields_,
                    .der = der_};
}

void OcspHttp::Send(const HttpRequest& request, const OcspAnswer& answer,
                    HttpResponse& response) {
  if (!IsCurrent(answer.times, request.now)) {
    return Refuse(ErrorStatus::kTryLater, OcspCount::kNotCurrent, response);
  }
  counters_.Add(OcspCount::kAnswered);
  response.headers += kContentType;
  AppendCacheControl(answer.times, request.now, response.headers);
  response.headers.append(answer.fields.data(), answer.fields.size());
  response.kept_body = answer.der;
  if (NotModified(request, answer.etag, answer.times.this_update)) {
    response.status = 304;
  }
}

// RFC 9919 section 3.1.1 has clients ask for one certificate. RFC 6960 allows
// several, and wants a response for each; a responder that cannot sign has one
// only if it was signed for all of them together, as the two CertIDs of one
// certificate are in the `dual` form, or if all are the same. A response for
// some would be taken by some clients for the answer to all, so it is the
// error of a server that "is not capable of responding authoritatively"
// (RFC 6960 section 2.3).
OcspHttp::Lookup OcspHttp::FindForAll(std::span<const x509::CertId> ids,
                                      std::string& der, FoundOcsp& found) {
  for (size_t i = 0; i < ids.size(); ++i) {
    FoundOcsp other_found;
    other_.clear();
    std::string& into = i == 0 ? der : other_;
    switch (source_.Find(ids[i], into, i == 0 ? found : other_found)) {
      case OcspSource::Result::kFound:
        break;
      case OcspSource::Result::kUnknown:
        return Lookup::kUnknown;
      case OcspSource::Result::kUnavailable:
        return Lookup::kUnavailable;
    }
    if (i != 0 && other_ != der) return Lookup::kSeveral;
  }
  return Lookup::kFound;
}

void OcspHttp::Refuse(ErrorStatus status, OcspCount why,
                      HttpResponse& response) {
  counters_.Add(why);
  response.headers += kContentType;
  response.headers += "Cache-Control: no-store\r\n";
  // OCSPResponse ::= SEQUENCE {
  //    responseStatus         ENUMERATED }
  const char der[] = {0x30, 0x03, 0x0a, 0x01, static_cast<char>(status)};
  response.body.assign(der, sizeof der);
}

}  // namespace chancery::responder
