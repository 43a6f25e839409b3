#include "tools/chancery/ocsp_exchange.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/http_client.h"
#include "tools/chancery/text.h"
#include "x509/ocsp/request.h"
#include "x509/ocsp/response.h"
#include "x509/ocsp/verify.h"

namespace chancery::cli {
namespace {

using x509::SingleResponse;

constexpr absl::Duration kClockSkew = absl::Minutes(5);

absl::Status Unbelievable(const std::string& url, absl::string_view why) {
  return absl::DataLossError(
      absl::StrCat(url, ": the answer must not be believed: ", why));
}

// RFC 6960 appendix A.1: GET {url}/{url-encoding of base-64 of the request}.
std::string GetUrl(const std::string& url, const std::string& request) {
  const std::string base64 =
      absl::StrReplaceAll(base::Base64(base::AsBytes(request)),
                          {{"+", "%2B"}, {"/", "%2F"}, {"=", "%3D"}});
  return absl::StrCat(url, absl::EndsWith(url, "/") ? "" : "/", base64);
}

absl::StatusOr<std::string> Exchange(const OcspQuestion& question,
                                     const std::string& request) {
  HttpRequest http{.url = question.url};
  if (question.post) {
    http.content_type = "application/ocsp-request";
    http.body = request;
  } else {
    http.url = GetUrl(question.url, request);
  }
  ASSIGN_OR_RETURN(HttpResponse response, FetchHttp(http));
  if (response.status != 200) {
    return absl::UnavailableError(
        absl::StrCat(question.url, ": HTTP status ", response.status));
  }
  return std::move(response.body);
}

absl::Status CheckResponseStatus(const std::string& url,
                                 x509::OcspResponseStatus status) {
  const std::string text =
      absl::StrCat(url, ": the responder says ", x509::Name(status));
  switch (status) {
    case x509::OcspResponseStatus::kSuccessful:
      return absl::OkStatus();
    case x509::OcspResponseStatus::kUnauthorized:
      return absl::NotFoundError(
          absl::StrCat(text, ": it has no answer for this certificate"));
    case x509::OcspResponseStatus::kTryLater:
      return absl::UnavailableError(text);
    default:
      return absl::FailedPreconditionError(text);
  }
}

OcspAnswer::Status ToStatus(SingleResponse::Status status) {
  switch (status) {
    case SingleResponse::Status::kGood:
      return OcspAnswer::Status::kGood;
    case SingleResponse::Status::kRevoked:
      return OcspAnswer::Status::kRevoked;
    default:
      return OcspAnswer::Status::kUnknown;
  }
}

absl::Status CheckTimes(const std::string& url, const SingleResponse& single,
                        absl::Time now) {
  if (single.this_update > now + kClockSkew) {
    return Unbelievable(url, absl::StrCat("it is from the future, ",
                                          TimeText(single.this_update)));
  }
  if (single.next_update.has_value() && *single.next_update <= now) {
    return Unbelievable(url, absl::StrCat("it was current until ",
                                          TimeText(*single.next_update)));
  }
  return absl::OkStatus();
}

absl::StatusOr<OcspAnswer> Judge(const OcspQuestion& question,
                                 const x509::Certificate& issuer,
                                 const std::string& nonce,
                                 const std::string& body, absl::Time now) {
  const auto response = x509::ParseOcspResponse(base::AsBytes(body));
  if (!response.ok()) {
    return Unbelievable(question.url, response.status().message());
  }
  RETURN_IF_ERROR(CheckResponseStatus(question.url, response->status));
  OcspAnswer answer;
  if (const absl::Status verified =
          x509::VerifyOcspResponse(*response, issuer, now);
      !verified.ok()) {
    return Unbelievable(question.url, verified.message());
  }
  answer.signed_by =
      x509::VerifyOcspSignature(*response, issuer.public_key()).ok()
          ? "the issuer"
          : "the issuer's OCSP signer";
  const auto single = x509::FindSingleResponse(
      *response, base::AsBytes(question.serial), issuer);
  if (!single.ok()) {
    return Unbelievable(question.url, single.status().message());
  }
  RETURN_IF_ERROR(CheckTimes(question.url, *single, now));
  answer.status = ToStatus(single->status);
  answer.reason = single->reason;
  answer.revoked_at = single->revocation_time;
  answer.produced_at = response->produced_at;
  answer.this_update = single->this_update;
  answer.next_update = single->next_update;
  answer.size = body.size();
  // The signature covers the nonce, so its octets are looked for in the tbs.
  answer.nonce_returned =
      !nonce.empty() && absl::StrContains(base::AsText(response->tbs), nonce);
  return answer;
}

}  // namespace

absl::StatusOr<OcspAnswer> AskOcsp(const OcspQuestion& question,
                                   const x509::Certificate& issuer,
                                   const base::Clock& clock,
                                   base::Random& random) {
  const std::string cert_id = x509::BuildCertId(
      question.hash == OcspHash::kSha256 ? x509::CertIdHash::kSha256
                                         : x509::CertIdHash::kSha1,
      base::AsBytes(issuer.facts().subject), issuer.public_key(),
      base::AsBytes(question.serial));
  const std::string nonce = question.nonce ? random.Bytes(32) : std::string();
  const std::string request =
      x509::BuildOcspRequest(cert_id, base::AsBytes(nonce));
  ASSIGN_OR_RETURN(const std::string body, Exchange(question, request));
  return Judge(question, issuer, nonce, body, clock.Now());
}

std::string OcspStatusText(const OcspAnswer& answer) {
  if (answer.status == OcspAnswer::Status::kUnknown) return "unknown";
  return StatusText(answer.status == OcspAnswer::Status::kRevoked,
                    answer.reason.value_or(0),
                    absl::ToUnixSeconds(answer.revoked_at));
}

JsonObject OcspAnswerJson(const OcspAnswer& answer) {
  JsonObject json;
  switch (answer.status) {
    case OcspAnswer::Status::kGood:
      json.SetText("status", "good");
      break;
    case OcspAnswer::Status::kRevoked:
      json.SetText("status", "revoked")
          .SetText("reason", ReasonName(answer.reason.value_or(0)))
          .SetText("revoked_at", TimeText(answer.revoked_at));
      break;
    case OcspAnswer::Status::kUnknown:
      json.SetText("status", "unknown");
      break;
  }
  json.SetText("produced_at", TimeText(answer.produced_at))
      .SetText("this_update", TimeText(answer.this_update));
  if (answer.next_update.has_value()) {
    json.SetText("next_update", TimeText(*answer.next_update));
  } else {
    json.SetNull("next_update");
  }
  return json.SetText("signed_by", answer.signed_by)
      .SetBool("nonce_returned", answer.nonce_returned)
      .SetNumber("size", answer.size);
}

}  // namespace chancery::cli
