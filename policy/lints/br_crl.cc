#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "policy/br_revocation.h"
#include "policy/lints/br_algorithms.h"
#include "policy/lints/check.h"
#include "policy/lints/crl_rules.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CrlView;
using enum Severity;

bool HasTimes(const C& c) {
  return c.this_update.time && c.next_update && c.next_update->time;
}

// A year later, on the same day.
absl::Time TwelveMonthsAfter(absl::Time time) {
  const absl::CivilSecond begin =
      absl::ToCivilSecond(time, absl::UTCTimeZone());
  return absl::FromCivil(
      absl::CivilSecond(begin.year() + 1, begin.month(), begin.day(),
                        begin.hour(), begin.minute(), begin.second()),
      absl::UTCTimeZone());
}

}  // namespace

CrlRules BrCrl() {
  return {
      {{"br_crl_signature_algorithm", "Baseline Requirements section 7.1.3.2",
        kError, "the signature's algorithm is one that is listed"},
       [](const C& c) { return WrongBrSignatureAlgorithm(c.outer_algorithm); }},
      {{"br_crl_validity", "Baseline Requirements section 7.2", kError,
        "nextUpdate is at most 12 months after thisUpdate"},
       [](const C& c) {
         return Unless(
             !HasTimes(c) ||
                 *c.next_update->time <= TwelveMonthsAfter(*c.this_update.time),
             "nextUpdate is ",
             HasTimes(c) ? Quoted(c.next_update->contents) : "");
       }},
      // Which of the two it covers is not in it.
      {{"br_crl_validity_of_subscribers", "Baseline Requirements section 7.2",
        kWarning,
        "nextUpdate is at most 10 days after thisUpdate, unless the CRL covers "
        "only CA certificates"},
       [](const C& c) {
         if (!HasTimes(c) || (c.point.has_value() && c.point->only_cas)) {
           return std::string();
         }
         return Unless(*c.next_update->time - *c.this_update.time <=
                           br::MaxCrlValidity(br::Covers::kSubscribers),
                       "nextUpdate is ", Quoted(c.next_update->contents));
       }},
      {{"br_crl_authority_key_id_alone",
        "Baseline Requirements section 7.1.2.11.1", kError,
        "authorityKeyIdentifier has neither issuer nor serial number"},
       [](const C& c) {
         return Unless(!c.authority_key_id.has_value() ||
                           (!c.authority_key_id->has_issuer &&
                            !c.authority_key_id->has_serial),
                       "it has them");
       }},
      {{"br_crl_reason_listed", "Baseline Requirements section 7.2.2", kError,
        "reasonCode is 1, 3, 4, 5 or 9"},
       [](const C& c) {
         return EachEntry(c, [](const CrlEntryView& e) {
           const bool listed =
               !e.reason.has_value() ||
               (*e.reason != 0 &&
                br::CheckReason(*e.reason, /*is_ca=*/false).ok());
           return Unless(listed, "reasonCode is ",
                         static_cast<int>(e.reason.value_or(0)));
         });
       }},
      {{"br_crl_entry_extensions", "Baseline Requirements section 7.2.2",
        kWarning, "an entry has no extension but reasonCode"},
       [](const C& c) {
         return EachEntry(c, [](const CrlEntryView& e) {
           for (const Extension& extension : e.extensions) {
             if (extension.oid != oid::kReasonCode) {
               return absl::StrCat("it has ", extension.oid);
             }
           }
           return std::string();
         });
       }},
      {{"br_crl_extensions", "Baseline Requirements section 7.2.2", kWarning,
        "no extension but authorityKeyIdentifier, cRLNumber and "
        "issuingDistributionPoint"},
       [](const C& c) {
         for (const Extension& extension : c.extensions) {
           if (extension.oid != oid::kAuthorityKeyId &&
               extension.oid != oid::kCrlNumber &&
               extension.oid != oid::kIssuingDistributionPoint) {
             return absl::StrCat("it has ", extension.oid);
           }
         }
         return std::string();
       }},
      {{"br_crl_point_urls", "Baseline Requirements section 7.2.2.1", kError,
        "issuingDistributionPoint has a fullName, of URLs alone"},
       [](const C& c) {
         if (!c.point.has_value()) return std::string();
         if (!c.point->name.has_value() || c.point->name->full.empty()) {
           return std::string("it has no fullName");
         }
         for (const GeneralName& name : c.point->name->full) {
           if (name.kind != GeneralName::kUri) {
             return absl::StrCat("it has a name of kind [",
                                 static_cast<int>(name.kind), "]");
           }
         }
         return std::string();
       }},
      {{"br_crl_point_not_indirect", "Baseline Requirements section 7.2.2.1",
        kError,
        "issuingDistributionPoint sets neither indirectCRL nor "
        "onlyContainsAttributeCerts"},
       [](const C& c) {
         if (!c.point.has_value()) return std::string();
         if (c.point->indirect) return std::string("it sets indirectCRL");
         return Unless(!c.point->only_attributes,
                       "it sets onlyContainsAttributeCerts");
       }},
      {{"br_crl_point_all_reasons", "Baseline Requirements section 7.2.2.1",
        kWarning, "issuingDistributionPoint has no onlySomeReasons"},
       [](const C& c) {
         return Unless(!c.point.has_value() || !c.point->has_reasons,
                       "it has one");
       }},
  };
}

}  // namespace chancery::policy::lints
