#include "absl/time/time.h"
#include "policy/br_revocation.h"
#include "policy/lints/br_algorithms.h"
#include "policy/lints/check.h"
#include "policy/lints/ocsp_rules.h"
#include "policy/lints/ocsp_singles.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using V = OcspView;
using S = OcspSingle;
using enum Severity;

constexpr absl::Duration kTwelveMonths = absl::Hours(24 * 366);

// Both ends counted; not positive if there are no such times, or if they are in
// the wrong order.
absl::Duration Validity(const S& s) {
  if (!s.this_update.time || !s.next_update || !s.next_update->time) {
    return absl::ZeroDuration();
  }
  return br::Inclusive(*s.this_update.time, *s.next_update->time);
}

}  // namespace

OcspRules BrOcsp() {
  return {
      // Whose certificate it is about cannot be seen.
      {{"br_ocsp_validity_of_subscribers",
        "Baseline Requirements section 4.9.9", kWarning,
        "a response about a subscriber's certificate is valid for 8 hours to "
        "10 days"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           const absl::Duration validity = Validity(s);
           return Unless(validity <= absl::ZeroDuration() ||
                             br::CheckOcspValidity(validity).ok(),
                         "it is valid for ", absl::FormatDuration(validity));
         });
       }},
      {{"br_ocsp_validity", "Baseline Requirements section 4.9.9", kError,
        "a response is valid for at most 12 months"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(Validity(s) <= kTwelveMonths, "it is valid for ",
                         absl::FormatDuration(Validity(s)));
         });
       }},
      {{"br_ocsp_status_not_unknown", "Baseline Requirements section 4.9.9",
        kWarning, "the status of a certificate that was issued is known"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(s.status != S::Status::kUnknown, "it is unknown");
         });
       }},
      {{"br_ocsp_reason_listed", "Baseline Requirements section 7.3", kError,
        "revocationReason is 1, 3, 4, 5 or 9"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           const bool listed =
               !s.reason.has_value() ||
               (Reason(s) > 0 && br::CheckReason(Reason(s), false).ok());
           return Unless(listed, "it is ", Reason(s));
         });
       }},
      {{"br_ocsp_no_reason_extension", "Baseline Requirements section 7.3.2",
        kError, "singleExtensions has no reasonCode"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(
               FindExtension(s.extensions, oid::kReasonCode) == nullptr,
               "it has one");
         });
       }},
      {{"br_ocsp_signature_algorithm", "Baseline Requirements section 7.1.3.2",
        kError, "the signature's algorithm is one that is listed"},
       [](const V& v) {
         return v.is_basic ? WrongBrSignatureAlgorithm(v.algorithm)
                           : std::string();
       }},
      {{"br_ocsp_delegate_no_check", "Baseline Requirements section 7.1.2.8.6",
        kError, "a delegate's certificate has id-pkix-ocsp-nocheck"},
       [](const V& v) {
         return Unless(v.Delegate() == nullptr ||
                           v.Delegate()->Find(oid::kOcspNoCheck) != nullptr,
                       "it has not");
       }},
  };
}

}  // namespace chancery::policy::lints
