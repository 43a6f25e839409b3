#include <set>

#include "absl/strings/str_cat.h"
#include "policy/lints/check.h"
#include "policy/lints/crl_rules.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CrlView;
using E = CrlEntryView;
using enum Severity;

constexpr uint8_t kUnspecified = 0, kUnused = 7, kRemoveFromCrl = 8,
                  kLastReason = 10;
constexpr size_t kMaxSerialOctets = 20;

bool IsIndirect(const C& c) { return c.point.has_value() && c.point->indirect; }

std::string WrongInvalidityDate(const E& entry) {
  const Extension* date = FindExtension(entry.extensions, oid::kInvalidityDate);
  if (date == nullptr) return "";
  der::Reader in(date->value);
  absl::Time time;
  if (!in.ReadGeneralizedTime(time) || !in.AtEnd()) {
    return absl::StrCat("invalidityDate is ", ShortHex(date->value));
  }
  return Unless(!date->critical, "invalidityDate is critical");
}

}  // namespace

CrlRules Rfc5280CrlEntries() {
  return {
      {{"rfc5280_crl_entry_serial_positive", "RFC 5280 section 4.1.2.2", kError,
        "userCertificate is a positive DER INTEGER of at most 20 octets"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           return Unless(IsPositiveInteger(e.serial) &&
                             IsMinimalInteger(e.serial) &&
                             e.serial.size() <= kMaxSerialOctets,
                         "userCertificate is not");
         });
       }},
      {{"rfc5280_crl_entry_once", "RFC 5280 section 5.1.2.6", kWarning,
        "no serial number is there twice, but in an indirect CRL"},
       [](const C& c) {
         if (IsIndirect(c)) return std::string();
         std::set<absl::string_view> seen;
         return EachEntry(c, [&](const E& e) {
           return Unless(seen.insert(base::AsText(e.serial)).second,
                         "it is there twice");
         });
       }},
      {{"rfc5280_crl_entry_time_form", "RFC 5280 section 5.1.2.6", kError,
        "revocationDate is a UTCTime through 2049, GeneralizedTime after"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           const std::string wrong = WrongTimeForm("revocationDate", e.date);
           return wrong.empty() ? WrongTimeChoice("revocationDate", e.date)
                                : wrong;
         });
       }},
      {{"rfc5280_crl_entry_not_in_future", "RFC 5280 section 5.1.2.6", kWarning,
        "revocationDate, when revocation occurred, is not after thisUpdate"},
       [](const C& c) {
         if (!c.this_update.time.has_value()) return std::string();
         return EachEntry(c, [&](const E& e) {
           return Unless(!e.date.time || *e.date.time <= *c.this_update.time,
                         "revocationDate is ", Quoted(e.date.contents));
         });
       }},
      {{"rfc5280_crl_entry_extensions_not_empty", "RFC 5280 section 5.3",
        kError, "crlEntryExtensions, if present, holds each extension once"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           return Unless((!e.has_extensions || !e.extensions.empty()) &&
                             RepeatedExtension(e.extensions).empty(),
                         e.extensions.empty() ? "crlEntryExtensions is empty"
                                              : "an extension is there twice");
         });
       }},
      {{"rfc5280_crl_reason_known", "RFC 5280 section 5.3.1", kError,
        "reasonCode is 0 to 6 or 8 to 10"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           const Extension* code =
               FindExtension(e.extensions, oid::kReasonCode);
           return Unless(code == nullptr ||
                             (e.reason.has_value() && *e.reason != kUnused &&
                              *e.reason <= kLastReason),
                         "reasonCode is ",
                         code == nullptr ? "" : ShortHex(code->value));
         });
       }},
      {{"rfc5280_crl_reason_not_unspecified", "RFC 5280 section 5.3.1",
        kWarning, "reasonCode is absent rather than unspecified (0)"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           return Unless(e.reason.value_or(1) != kUnspecified,
                         "reasonCode is unspecified");
         });
       }},
      {{"rfc5280_crl_reason_remove_in_delta", "RFC 5280 section 5.3.1", kError,
        "reasonCode removeFromCRL (8) is in deltas only"},
       [](const C& c) {
         if (c.Find(oid::kDeltaCrlIndicator) != nullptr) return std::string();
         return EachEntry(c, [](const E& e) {
           return Unless(e.reason.value_or(1) != kRemoveFromCrl,
                         "reasonCode is removeFromCRL");
         });
       }},
      {{"rfc5280_crl_reason_not_critical", "RFC 5280 section 5.3.1", kError,
        "reasonCode is not critical"},
       [](const C& c) {
         return EachEntry(c, [](const E& e) {
           const Extension* code =
               FindExtension(e.extensions, oid::kReasonCode);
           return Unless(code == nullptr || !code->critical,
                         "reasonCode is critical");
         });
       }},
      {{"rfc5280_crl_invalidity_date", "RFC 5280 section 5.3.2", kError,
        "invalidityDate is a GeneralizedTime and not critical"},
       [](const C& c) { return EachEntry(c, WrongInvalidityDate); }},
      {{"rfc5280_crl_certificate_issuer", "RFC 5280 section 5.3.3", kError,
        "certificateIssuer is critical, and in an indirect CRL"},
       [](const C& c) {
         return EachEntry(c, [&](const E& e) {
           const Extension* issuer =
               FindExtension(e.extensions, oid::kCertificateIssuer);
           return Unless(
               issuer == nullptr || (issuer->critical && IsIndirect(c)),
               "certificateIssuer is ",
               issuer != nullptr && issuer->critical ? "in another CRL"
                                                     : "not critical");
         });
       }},
  };
}

}  // namespace chancery::policy::lints
