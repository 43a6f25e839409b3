#include "x509/ocsp/verify.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest.h"

namespace chancery::x509 {
namespace {

absl::Status Denied(absl::string_view why) {
  return absl::PermissionDeniedError(absl::StrCat("OCSP response: ", why));
}

bool IsNamedBy(const OcspResponse& response, const Certificate& signer) {
  if (response.responder_key_hash.has_value()) {
    return base::Equal(*response.responder_key_hash,
                       signer.public_key().KeyHashSha1());
  }
  return response.responder_name.has_value() &&
         base::Equal(*response.responder_name,
                     base::AsBytes(signer.facts().subject));
}

// RFC 6960 section 4.1.1: both hashes, of the issuer's Name and of its key.
bool NamesIssuer(const CertId& id, const Certificate& issuer) {
  const base::Bytes name = base::AsBytes(issuer.facts().subject);
  switch (id.hash) {
    case CertIdHash::kSha1:
      return base::Equal(id.name_hash, crypto::Sha1(name)) &&
             base::Equal(id.key_hash, issuer.public_key().KeyHashSha1());
    case CertIdHash::kSha256:
      return base::Equal(id.name_hash, crypto::Sha256(name)) &&
             base::Equal(id.key_hash, issuer.public_key().KeyHashSha256());
    case CertIdHash::kOther:
      break;
  }
  return false;
}

absl::Status CheckDelegate(const Certificate& delegate,
                           const Certificate& issuer, absl::Time now) {
  // "... a certificate that is issued directly by the CA ..."
  const absl::Status issued = CheckIssuedBy(delegate, issuer);
  if (!issued.ok()) {
    return Denied(absl::StrCat("the delegate: ", issued.message()));
  }
  // "... that includes a value of id-kp-OCSPSigning in an extended key usage
  // extension."
  const std::vector<std::string>& usages =
      delegate.facts().extensions.extended_key_usage;
  if (std::find(usages.begin(), usages.end(), kOcspSigning) == usages.end()) {
    return Denied("the delegate's extendedKeyUsage has no OCSPSigning");
  }
  if (!delegate.unknown_critical().empty()) {
    return Denied(absl::StrCat("the delegate's critical extension ",
                               delegate.unknown_critical(), " is not known"));
  }
  if (now < delegate.facts().not_before || now > delegate.facts().not_after) {
    return Denied(
        absl::StrCat("the delegate is not valid at ", absl::FormatTime(now)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyOcspResponse(const OcspResponse& response,
                                const Certificate& issuer, absl::Time now) {
  if (response.status != OcspResponseStatus::kSuccessful) {
    return absl::InvalidArgumentError(
        absl::StrCat("OCSP response: status ", Name(response.status)));
  }
  if (IsNamedBy(response, issuer)) {
    if (!VerifyOcspSignature(response, issuer.public_key()).ok()) {
      return Denied("the issuer's signature does not verify");
    }
    return absl::OkStatus();
  }
  for (const base::Bytes der : response.certificates) {
    const auto delegate = Certificate::Parse(der);
    if (!delegate.ok() || !IsNamedBy(response, *delegate)) continue;
    RETURN_IF_ERROR(CheckDelegate(*delegate, issuer, now));
    if (!VerifyOcspSignature(response, delegate->public_key()).ok()) {
      return Denied("the delegate's signature does not verify");
    }
    return absl::OkStatus();
  }
  return Denied("responderID names neither the issuer nor a certificate in it");
}

absl::StatusOr<SingleResponse> FindSingleResponse(const OcspResponse& response,
                                                  base::Bytes serial,
                                                  const Certificate& issuer) {
  const SingleResponse* found = nullptr;
  for (const SingleResponse& single : response.responses) {
    if (!base::Equal(single.cert_id.serial, serial) ||
        !NamesIssuer(single.cert_id, issuer)) {
      continue;
    }
    if (found != nullptr && found->status != single.status) {
      return Denied("it says two things of one certificate");
    }
    found = &single;
  }
  if (found == nullptr) {
    return absl::NotFoundError(
        "OCSP response: it is about another certificate");
  }
  return *found;
}

}  // namespace chancery::x509
