#include "tools/chancery/probe/judge.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "tools/chancery/text.h"
#include "x509/crl/crl.h"
#include "x509/ocsp/response.h"
#include "x509/ocsp/verify.h"

namespace chancery::cli {
namespace {

using x509::OcspResponseStatus;
using x509::SingleResponse;

constexpr absl::Duration kClockSkew = absl::Minutes(5);
// What max-age is rounded by, and the way here.
constexpr absl::Duration kMaxAgeSlack = absl::Seconds(2);

ProbeResult& Wrong(ProbeResult& result, Verdict verdict, std::string detail) {
  result.verdict = verdict;
  result.detail = std::move(detail);
  return result;
}

// True: there is a body to look at.
bool CheckHttp(const absl::StatusOr<HttpResponse>& response,
               ProbeResult& result) {
  if (!response.ok()) {
    Wrong(result, Verdict::kUnreachable,
          std::string(response.status().message()));
    return false;
  }
  if (response->status != 200) {
    Wrong(result, Verdict::kHttpStatus,
          absl::StrCat("HTTP status ", response->status));
    return false;
  }
  return true;
}

bool HasDirective(const std::string& field, absl::string_view name) {
  for (absl::string_view part : absl::StrSplit(field, ',')) {
    if (absl::StripAsciiWhitespace(part) == name) return true;
  }
  return false;
}

std::optional<int64_t> MaxAge(const std::string& field) {
  for (absl::string_view part : absl::StrSplit(field, ',')) {
    part = absl::StripAsciiWhitespace(part);
    int64_t seconds;
    if (absl::ConsumePrefix(&part, "max-age=") &&
        absl::SimpleAtoi(part, &seconds)) {
      return seconds;
    }
  }
  return std::nullopt;
}

// RFC 9919 section 6 (RFC 5019 before it): a cache must not keep an answer past
// its nextUpdate, and needs an ETag to ask again. An error is no answer at all.
void CheckCaching(const HttpResponse& response, absl::Time next_update,
                  absl::Time now, ProbeResult& result) {
  const auto max_age = MaxAge(response.cache_control);
  if (!max_age.has_value()) {
    Wrong(result, Verdict::kCaching,
          absl::StrCat("Cache-Control without max-age: \"",
                       response.cache_control, "\""));
  } else if (absl::Seconds(*max_age) > next_update - now + kMaxAgeSlack) {
    Wrong(result, Verdict::kCaching,
          absl::StrCat("max-age ", *max_age, " ends after nextUpdate"));
  } else if (response.etag.size() < 3 || response.etag.back() != '"') {
    Wrong(result, Verdict::kCaching,
          absl::StrCat("no ETag: \"", response.etag, "\""));
  }
}

// True: they are right.
bool CheckTimes(const JudgeOptions& options, ProbeResult& result) {
  if (*result.this_update > options.now + kClockSkew) {
    Wrong(result, Verdict::kNotYetValid,
          absl::StrCat("thisUpdate is ", TimeText(*result.this_update)));
    return false;
  }
  if (!result.next_update.has_value()) return true;
  if (*result.next_update <= options.now) {
    Wrong(result, Verdict::kExpired,
          absl::StrCat("nextUpdate was ", TimeText(*result.next_update)));
    return false;
  }
  if (*result.next_update - options.now < options.margin) {
    Wrong(result, Verdict::kEndsSoon,
          absl::StrCat("nextUpdate is ", TimeText(*result.next_update)));
    return false;
  }
  return true;
}

std::string Text(const SingleResponse& single) {
  switch (single.status) {
    case SingleResponse::Status::kGood:
      return "good";
    case SingleResponse::Status::kRevoked:
      return absl::StrCat("revoked (", ReasonName(single.reason.value_or(0)),
                          ") since ", TimeText(single.revocation_time));
    case SingleResponse::Status::kUnknown:
      break;
  }
  return "unknown";
}

bool IsExpected(Expected expected, SingleResponse::Status status) {
  return (expected == Expected::kGood &&
          status == SingleResponse::Status::kGood) ||
         (expected == Expected::kRevoked &&
          status == SingleResponse::Status::kRevoked) ||
         (expected == Expected::kUnknown &&
          status == SingleResponse::Status::kUnknown);
}

// An OCSP error: right where the certificate is unknown.
void JudgeError(const OcspProbe& probe, OcspResponseStatus status,
                const HttpResponse& response, ProbeResult& result) {
  result.detail = x509::Name(status);
  if (!HasDirective(response.cache_control, "no-store")) {
    Wrong(result, Verdict::kCaching,
          absl::StrCat(x509::Name(status), " may be kept by caches"));
  }
  if (probe.expected != Expected::kUnknown ||
      status != OcspResponseStatus::kUnauthorized) {
    Wrong(result,
          status == OcspResponseStatus::kUnauthorized ? Verdict::kWrongStatus
                                                      : Verdict::kMalformed,
          absl::StrCat("the responder says ", x509::Name(status)));
  }
}

}  // namespace

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kUnreachable:
      return "unreachable";
    case Verdict::kHttpStatus:
      return "http-status";
    case Verdict::kMalformed:
      return "malformed";
    case Verdict::kNotVerified:
      return "not-verified";
    case Verdict::kWrongStatus:
      return "wrong-status";
    case Verdict::kNotYetValid:
      return "not-yet-valid";
    case Verdict::kExpired:
      return "expired";
    case Verdict::kEndsSoon:
      return "ends-soon";
    case Verdict::kCaching:
      return "caching";
  }
  return "unnamed";
}

ProbeResult JudgeOcsp(const OcspProbe& probe,
                      const absl::StatusOr<HttpResponse>& response,
                      const JudgeOptions& options) {
  ProbeResult result{
      .target = probe.target,
      .question = absl::StrCat(probe.post ? "POST " : "GET  ",
                               probe.sha256 ? "sha256 " : "sha1   ",
                               FormatSerial(base::AsBytes(probe.serial))),
      .detail = {}};
  if (!CheckHttp(response, result)) return result;
  if (response->content_type != "application/ocsp-response") {
    return Wrong(result, Verdict::kMalformed,
                 absl::StrCat("Content-Type: ", response->content_type));
  }
  const auto answer = x509::ParseOcspResponse(base::AsBytes(response->body));
  if (!answer.ok()) {
    return Wrong(result, Verdict::kMalformed,
                 std::string(answer.status().message()));
  }
  if (answer->status != OcspResponseStatus::kSuccessful) {
    JudgeError(probe, answer->status, *response, result);
    return result;
  }
  const absl::Status verified =
      x509::VerifyOcspResponse(*answer, *probe.issuer, options.now);
  if (!verified.ok()) {
    return Wrong(result, Verdict::kNotVerified,
                 std::string(verified.message()));
  }
  const auto single = x509::FindSingleResponse(
      *answer, base::AsBytes(probe.serial), *probe.issuer);
  if (!single.ok()) {
    return Wrong(result, Verdict::kMalformed,
                 std::string(single.status().message()));
  }
  result.this_update = single->this_update;
  result.next_update = single->next_update;
  result.detail = Text(*single);
  if (!IsExpected(probe.expected, single->status)) {
    return Wrong(result, Verdict::kWrongStatus, Text(*single));
  }
  if (CheckTimes(options, result) && result.next_update.has_value()) {
    CheckCaching(*response, *result.next_update, options.now, result);
  }
  return result;
}

ProbeResult JudgeCrl(const CrlProbe& probe,
                     const absl::StatusOr<HttpResponse>& response,
                     const JudgeOptions& options) {
  ProbeResult result{.target = probe.target,
                     .question = absl::StrCat("CRL  ", probe.url),
                     .detail = {}};
  if (!CheckHttp(response, result)) return result;
  const auto crl = x509::ParseCrl(base::AsBytes(response->body));
  if (!crl.ok()) {
    return Wrong(result, Verdict::kMalformed,
                 std::string(crl.status().message()));
  }
  const absl::Status verified =
      x509::VerifyCrl(*crl, probe.issuer->public_key());
  if (!verified.ok() ||
      !base::Equal(crl->issuer, base::AsBytes(probe.issuer->facts().subject))) {
    return Wrong(result, Verdict::kNotVerified, "the issuer did not sign it");
  }
  result.this_update = crl->this_update;
  result.next_update = crl->next_update;
  result.detail = absl::StrCat("number ", crl->number.value_or(0), ", ",
                               response->body.size(), " bytes");
  if (CheckTimes(options, result)) {
    CheckCaching(*response, crl->next_update, options.now, result);
  }
  return result;
}

}  // namespace chancery::cli
