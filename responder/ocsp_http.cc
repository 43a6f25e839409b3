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
  ReadPath(path, work);
  Expect(work);
}

void OcspHttp::BeginPost(const HttpRequest& request, Work& work) const {
  work.request = x509::ParseOcspRequest(base::AsBytes(request.body));
  Expect(work);
}

void OcspHttp::Get(const HttpRequest& request, absl::string_view path,
                   HttpResponse& response) {
  if (request.work != nullptr) {
    return Answer(request, static_cast<Work&>(*request.work).request, response);
  }
  ReadPath(path, own_);
  Answer(request, own_.request, response);
}

void OcspHttp::Post(const HttpRequest& request, HttpResponse& response) {
  if (!request.content_type.empty() &&
      !IsOcspRequestType(request.content_type)) {
    return SetPlainResponse(
        415, "Content-Type must be application/ocsp-request", response);
  }
  if (request.work != nullptr) {
    return Answer(request, static_cast<Work&>(*request.work).request, response);
  }
  Answer(request, x509::ParseOcspRequest(base::AsBytes(request.body)),
         response);
}

void OcspHttp::Answer(const HttpRequest& request,
                      const absl::StatusOr<x509::OcspRequest>& parsed,
                      HttpResponse& response) {
  if (!parsed.ok()) {
    return Refuse(ErrorStatus::kMalformedRequest, OcspCount::kMalformed,
                  response);
  }
  FoundOcsp found;
  switch (FindForAll(parsed->cert_ids, response.body, found)) {
    case Lookup::kFound:
      break;
    case Lookup::kUnknown:
      return Refuse(ErrorStatus::kUnauthorized, OcspCount::kUnknown, response);
    case Lookup::kSeveral:
      return Refuse(ErrorStatus::kUnauthorized, OcspCount::kSeveral, response);
    case Lookup::kUnavailable:
      return Refuse(ErrorStatus::kTryLater, OcspCount::kUnavailable, response);
  }
  const Freshness& times = found.times;
  if (!IsCurrent(times, request.now)) {
    return Refuse(ErrorStatus::kTryLater, OcspCount::kNotCurrent, response);
  }
  counters_.Add(OcspCount::kAnswered);
  SetEtag(sha256_.Update(base::AsBytes(response.body)).Finish(), etag_);
  response.headers += kContentType;
  AppendCacheHeaders(times, etag_, request.now, dates_, response.headers);
  tags_.AppendOcsp(found.issuer, parsed->cert_ids.front().serial,
                   response.headers);
  if (NotModified(request, etag_, times.this_update)) response.status = 304;
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
