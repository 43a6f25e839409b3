#include "policy/ocsp_lints.h"

#include <algorithm>
#include <string>

#include "absl/functional/function_ref.h"
#include "base/bytes.h"
#include "crypto/digest.h"
#include "policy/br_revocation.h"
#include "x509/ocsp/request.h"
#include "x509/ocsp/verify.h"

namespace chancery::policy {
namespace {

using x509::OcspResponse;
using x509::SingleResponse;

std::string Unless(bool right, const char* wrong) { return right ? "" : wrong; }

std::string EachSingle(const OcspResponse& response, const char* wrong,
                       absl::FunctionRef<bool(const SingleResponse&)> right) {
  return Unless(
      std::all_of(response.responses.begin(), response.responses.end(), right),
      wrong);
}

bool IsDelegated(const OcspFrame& frame) {
  return frame.signer.der() != frame.issuer.der();
}

bool Names(const x509::CertId& id, const x509::Certificate& issuer) {
  const base::Bytes subject = base::AsBytes(issuer.facts().subject);
  switch (id.hash) {
    case x509::CertIdHash::kSha1:
      return base::Equal(id.name_hash, crypto::Sha1(subject)) &&
             base::Equal(id.key_hash, issuer.public_key().KeyHashSha1());
    case x509::CertIdHash::kSha256:
      return base::Equal(id.name_hash, crypto::Sha256(subject)) &&
             base::Equal(id.key_hash, issuer.public_key().KeyHashSha256());
    case x509::CertIdHash::kOther:
      break;
  }
  return false;
}

bool SaysTheSame(const SingleResponse& a, const SingleResponse& b) {
  return base::Equal(a.cert_id.serial, b.cert_id.serial) &&
         a.status == b.status && a.revocation_time == b.revocation_time &&
         a.reason == b.reason && a.this_update == b.this_update &&
         a.next_update == b.next_update;
}

}  // namespace

const std::vector<OcspLint>& OcspLints() {
  static const std::vector<OcspLint> lints = {
      {"successful", "RFC 6960 section 4.2.1",
       [](const OcspResponse& r, const OcspFrame&) {
         return Unless(r.status == x509::OcspResponseStatus::kSuccessful,
                       "responseStatus is not successful");
       }},
      {"by_key", "RFC 6960 section 4.2.1",
       [](const OcspResponse& r, const OcspFrame& f) {
         return Unless(r.responder_key_hash.has_value() &&
                           base::Equal(*r.responder_key_hash,
                                       f.signer.public_key().KeyHashSha1()),
                       "responderID is not the signer's key");
       }},
      {"delegate", "Baseline Requirements section 7.1.2.8",
       [](const OcspResponse& r, const OcspFrame& f) {
         if (!IsDelegated(f)) return Unless(true, "");
         const x509::Extensions& e = f.signer.facts().extensions;
         const bool embedded = std::any_of(
             r.certificates.begin(), r.certificates.end(),
             [&](base::Bytes certificate) {
               return base::Equal(certificate, base::AsBytes(f.signer.der()));
             });
         return Unless(
             embedded && e.ocsp_no_check &&
                 e.extended_key_usage ==
                     std::vector<std::string>{x509::kOcspSigning},
             "the delegate's certificate is not in it, or is not one with "
             "OCSPSigning alone and ocsp-nocheck");
       }},
      {"signature", "RFC 6960 section 4.2.2.2",
       [](const OcspResponse& r, const OcspFrame& f) {
         const absl::Status status =
             x509::VerifyOcspResponse(r, f.issuer, f.now);
         return std::string(status.message());
       }},
      {"has_response", "RFC 5019 section 2.2.1",
       [](const OcspResponse& r, const OcspFrame&) {
         return Unless(!r.responses.empty(), "it has no SingleResponse");
       }},
      {"one_certificate", "TRUST 2.1",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(
             r, "its SingleResponses differ in more than the CertID's hash",
             [&](const SingleResponse& single) {
               return SaysTheSame(single, r.responses.front());
             });
       }},
      {"cert_id", "RFC 6960 section 4.1.1",
       [](const OcspResponse& r, const OcspFrame& f) {
         return EachSingle(r, "a CertID does not name the issuer",
                           [&](const SingleResponse& single) {
                             return Names(single.cert_id, f.issuer);
                           });
       }},
      {"serial", "RFC 5280 section 4.1.2.2",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(r, "a serialNumber has 1 to 20 octets",
                           [](const SingleResponse& single) {
                             return !single.cert_id.serial.empty() &&
                                    single.cert_id.serial.size() <= 20;
                           });
       }},
      {"status_known", "TRUST 2.1",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(
             r, "certStatus is unknown", [](const SingleResponse& single) {
               return single.status != SingleResponse::Status::kUnknown;
             });
       }},
      {"produced_at", "RFC 6960 section 2.4",
       [](const OcspResponse& r, const OcspFrame& f) {
         return Unless(r.produced_at <= f.now, "producedAt is in the future");
       }},
      {"this_update", "TRUST 2.8",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(r, "thisUpdate is after producedAt",
                           [&](const SingleResponse& single) {
                             return single.this_update <= r.produced_at;
                           });
       }},
      {"next_update", "RFC 5019 section 2.2.4",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(r, "nextUpdate is absent or not after thisUpdate",
                           [](const SingleResponse& single) {
                             return single.next_update.has_value() &&
                                    *single.next_update > single.this_update;
                           });
       }},
      {"next_update_within_signer", "TRUST 2.10",
       [](const OcspResponse& r, const OcspFrame& f) {
         return EachSingle(r, "nextUpdate is after the signer's notAfter",
                           [&](const SingleResponse& single) {
                             return *single.next_update <=
                                    f.signer.facts().not_after;
                           });
       }},
      {"revocation_time", "TRUST 2.8",
       [](const OcspResponse& r, const OcspFrame&) {
         return EachSingle(
             r, "revocationTime is after thisUpdate",
             [](const SingleResponse& single) {
               return single.status != SingleResponse::Status::kRevoked ||
                      single.revocation_time <= single.this_update;
             });
       }},
      {"reason", "RFC 5280 section 5.3.1",
       [](const OcspResponse& r, const OcspFrame&) {
         // 0 is written as absence (TRUST 2.2); 7 is not used and 8 is for
         // delta CRLs.
         return EachSingle(r, "revocationReason is not one of 1-6, 9, 10",
                           [](const SingleResponse& single) {
                             const int reason = single.reason.value_or(1);
                             return reason >= 1 && reason <= 10 &&
                                    reason != 7 && reason != 8;
                           });
       }},
      {"br_validity", "Baseline Requirements section 4.9.9",
       [](const OcspResponse& r, const OcspFrame& f) {
         for (const SingleResponse& single : r.responses) {
           if (!f.br) break;
           const absl::Status status = br::CheckOcspValidity(
               br::Inclusive(single.this_update, *single.next_update));
           if (!status.ok()) return std::string(status.message());
         }
         return std::string();
       }},
      {"br_reason", "Baseline Requirements section 7.2.2",
       [](const OcspResponse& r, const OcspFrame& f) {
         for (const SingleResponse& single : r.responses) {
           if (!f.br || !single.reason.has_value()) continue;
           const absl::Status status =
               br::CheckReason(*single.reason, /*is_ca=*/false);
           if (!status.ok()) return std::string(status.message());
         }
         return std::string();
       }},
  };
  return lints;
}

absl::Status LintOcspResponse(const OcspResponse& response,
                              const OcspFrame& frame) {
  return RunLints(OcspLints(), response, frame);
}

}  // namespace chancery::policy
