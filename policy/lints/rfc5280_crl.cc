#include "absl/strings/str_cat.h"
#include "policy/lints/check.h"
#include "policy/lints/crl_rules.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CrlView;
using enum Severity;

constexpr int64_t kV2 = 1;
constexpr size_t kMaxNumberOctets = 20;

bool IsDelta(const C& c) { return c.Find(oid::kDeltaCrlIndicator) != nullptr; }

// Of INTEGERs of zero or more.
bool IsLess(Bytes a, Bytes b) {
  while (!a.empty() && a[0] == 0) a = a.subspan(1);
  while (!b.empty() && b[0] == 0) b = b.subspan(1);
  if (a.size() != b.size()) return a.size() < b.size();
  return base::AsText(a) < base::AsText(b);
}

std::string UnknownCritical(const C& c) {
  for (const Extension& extension : c.extensions) {
    if (extension.critical && extension.oid != oid::kDeltaCrlIndicator &&
        extension.oid != oid::kIssuingDistributionPoint &&
        extension.oid != oid::kAuthorityKeyId &&
        extension.oid != oid::kCrlNumber &&
        extension.oid != oid::kFreshestCrl &&
        extension.oid != oid::kIssuerAltName &&
        extension.oid != oid::kAuthorityInfoAccess) {
      return extension.oid;
    }
  }
  return "";
}

}  // namespace

CrlRules Rfc5280Crl() {
  return {
      {{"rfc5280_crl_version_2", "RFC 5280 section 5.1.2.1", kError,
        "a CRL with extensions, of itself or an entry, is v2"},
       [](const C& c) {
         const bool extended =
             c.has_extensions || !EachEntry(c, [](const CrlEntryView& e) {
                                    return Unless(!e.has_extensions, "has");
                                  }).empty();
         return Unless(!extended || c.version == kV2,
                       c.has_version
                           ? absl::StrCat("version is encoded as ", c.version)
                           : "version is absent");
       }},
      {{"rfc5280_crl_algorithms_match", "RFC 5280 section 5.1.1.2", kError,
        "signatureAlgorithm is the signature field of tbsCertList"},
       [](const C& c) {
         return Unless(base::Equal(c.inner_algorithm, c.outer_algorithm),
                       "signatureAlgorithm is ", ShortHex(c.outer_algorithm),
                       ", signature is ", ShortHex(c.inner_algorithm));
       }},
      {{"rfc5280_crl_signature_form", "RFC 5280 section 5.1.1.3", kError,
        "signatureValue is a BIT STRING of whole octets, and not empty"},
       [](const C& c) {
         return Unless(IsWholeOctets(c.signature), "its contents are ",
                       ShortHex(c.signature));
       }},
      {{"rfc5280_crl_issuer_not_empty", "RFC 5280 section 5.1.2.3", kError,
        "issuer holds a distinguished name"},
       [](const C& c) {
         return Unless(!c.issuer_name.empty(), "issuer is empty");
       }},
      {{"rfc5280_crl_time_form", "RFC 5280 section 5.1.2.4", kError,
        "thisUpdate and nextUpdate are YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ"},
       [](const C& c) {
         const std::string wrong = WrongTimeForm("thisUpdate", c.this_update);
         if (!wrong.empty() || !c.next_update.has_value()) return wrong;
         return WrongTimeForm("nextUpdate", *c.next_update);
       }},
      {{"rfc5280_crl_time_choice", "RFC 5280 section 5.1.2.4", kError,
        "thisUpdate and nextUpdate are UTCTime through the year 2049"},
       [](const C& c) {
         const std::string wrong = WrongTimeChoice("thisUpdate", c.this_update);
         if (!wrong.empty() || !c.next_update.has_value()) return wrong;
         return WrongTimeChoice("nextUpdate", *c.next_update);
       }},
      {{"rfc5280_crl_next_update_present", "RFC 5280 section 5.1.2.5", kError,
        "nextUpdate is there"},
       [](const C& c) {
         return Unless(c.next_update.has_value(), "it is absent");
       }},
      {{"rfc5280_crl_next_update_later", "RFC 5280 section 5.1.2.5", kError,
        "nextUpdate is after thisUpdate"},
       [](const C& c) {
         if (!c.next_update || !c.next_update->time || !c.this_update.time) {
           return std::string();
         }
         return Unless(*c.this_update.time < *c.next_update->time,
                       "nextUpdate is ", Quoted(c.next_update->contents),
                       ", thisUpdate is ", Quoted(c.this_update.contents));
       }},
      {{"rfc5280_crl_entries_not_empty", "RFC 5280 section 5.1.2.6", kError,
        "revokedCertificates is absent when nothing is revoked"},
       [](const C& c) {
         return Unless(!c.has_entries || !c.entries.empty(), "it is empty");
       }},
      {{"rfc5280_crl_extension_once", "RFC 5280 section 5.2", kError,
        "no extension is there twice"},
       [](const C& c) {
         const std::string repeated = RepeatedExtension(c.extensions);
         return Unless(repeated.empty(), "extension ", repeated,
                       " is there twice");
       }},
      {{"rfc5280_crl_extension_form", "RFC 5280 section 5.2", kError,
        "the value of a standard extension is DER of its type"},
       [](const C& c) {
         return Unless(c.malformed.empty(), "extension ",
                       c.malformed.empty() ? "" : c.malformed.front(),
                       " is malformed");
       }},
      {{"rfc5280_crl_critical_known", "RFC 5280 section 5.2", kWarning,
        "critical extensions are those that RFC 5280 describes"},
       [](const C& c) {
         const std::string unknown = UnknownCritical(c);
         return Unless(unknown.empty(), "extension ", unknown, " is critical");
       }},
      {{"rfc5280_crl_authority_key_id", "RFC 5280 section 5.2.1", kError,
        "authorityKeyIdentifier has a keyIdentifier"},
       [](const C& c) {
         return Unless(c.Find(oid::kAuthorityKeyId) != nullptr &&
                           (!c.authority_key_id.has_value() ||
                            c.authority_key_id->key.has_value()),
                       "it has no keyIdentifier");
       }},
      {{"rfc5280_crl_number_present", "RFC 5280 section 5.2.3", kError,
        "cRLNumber is there"},
       [](const C& c) {
         return Unless(c.Find(oid::kCrlNumber) != nullptr, "it is absent");
       }},
      {{"rfc5280_crl_number_not_critical", "RFC 5280 section 5.2.3", kError,
        "cRLNumber is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kCrlNumber); }},
      {{"rfc5280_crl_number_range", "RFC 5280 section 5.2.3", kError,
        "cRLNumber is not negative and has at most 20 octets"},
       [](const C& c) {
         return Unless(
             !c.number.has_value() || (c.number->size() <= kMaxNumberOctets &&
                                       (*c.number)[0] < 0x80),
             "it is ", ShortHex(c.number.value_or(Bytes())), " in hexadecimal");
       }},
      {{"rfc5280_crl_delta_critical", "RFC 5280 section 5.2.4", kError,
        "deltaCRLIndicator is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kDeltaCrlIndicator); }},
      {{"rfc5280_crl_delta_after_base", "RFC 5280 section 5.2.4", kError,
        "the cRLNumber of a delta is greater than its BaseCRLNumber"},
       [](const C& c) {
         if (!c.number.has_value() || !c.base_number.has_value()) {
           return std::string();
         }
         return Unless(IsLess(*c.base_number, *c.number), "it is ",
                       ShortHex(*c.number), " after ",
                       ShortHex(*c.base_number));
       }},
      {{"rfc5280_crl_point_critical", "RFC 5280 section 5.2.5", kError,
        "issuingDistributionPoint is critical"},
       [](const C& c) {
         return MustBeCritical(c, oid::kIssuingDistributionPoint);
       }},
      {{"rfc5280_crl_point_not_empty", "RFC 5280 section 5.2.5", kError,
        "issuingDistributionPoint is not an empty sequence"},
       [](const C& c) {
         return Unless(!c.point.has_value() || !c.point->empty, "it is empty");
       }},
      {{"rfc5280_crl_point_one_scope", "RFC 5280 section 5.2.5", kError,
        "at most one of onlyContainsUserCerts, onlyContainsCACerts and "
        "onlyContainsAttributeCerts is set"},
       [](const C& c) {
         if (!c.point.has_value()) return std::string();
         const int set =
             c.point->only_users + c.point->only_cas + c.point->only_attributes;
         return Unless(set <= 1, set, " are set");
       }},
      {{"rfc5280_crl_freshest_not_critical", "RFC 5280 section 5.2.6", kError,
        "freshestCRL is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kFreshestCrl); }},
      {{"rfc5280_crl_freshest_not_in_delta", "RFC 5280 section 5.2.6", kError,
        "a delta has no freshestCRL"},
       [](const C& c) {
         return Unless(!IsDelta(c) || c.Find(oid::kFreshestCrl) == nullptr,
                       "it has one");
       }},
      {{"rfc5280_crl_info_access_not_critical", "RFC 5280 section 5.2.7",
        kError, "authorityInfoAccess is not critical"},
       [](const C& c) {
         return MustNotBeCritical(c, oid::kAuthorityInfoAccess);
       }},
  };
}

}  // namespace chancery::policy::lints
