#include "policy/crl_lints.h"

#include <algorithm>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"

namespace chancery::policy {
namespace {

using x509::Crl;
using x509::CrlEntry;

std::string Unless(bool right, const char* wrong) { return right ? "" : wrong; }

// The first entry that is not `right`, or that cannot be read.
std::string EachEntry(const Crl& crl, const char* wrong,
                      absl::FunctionRef<bool(const CrlEntry&)> right) {
  const absl::Status status =
      x509::ForEachEntry(crl, [&](const CrlEntry& entry) {
        if (right(entry)) return absl::OkStatus();
        return absl::InternalError(
            absl::StrCat("serial ", base::Hex(entry.serial), ": ", wrong));
      });
  return std::string(status.message());
}

}  // namespace

const std::vector<CrlLint>& CrlLints() {
  static const std::vector<CrlLint> lints = {
      {"issuer_is_ca_subject", "RFC 5280 section 5.1.2.3",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(
             base::Equal(c.issuer, base::AsBytes(f.issuer.facts().subject)),
             "issuer is not, byte for byte, the CA's subject");
       }},
      {"issuer_may_sign", "RFC 5280 section 4.2.1.3",
       [](const Crl&, const CrlFrame& f) {
         const x509::Extensions& issuer = f.issuer.facts().extensions;
         return Unless(issuer.is_ca.value_or(false) &&
                           (issuer.key_usage.value_or(0) & x509::kCrlSign) != 0,
                       "the issuer is not a CA that signs CRLs");
       }},
      {"signature", "RFC 5280 section 5.1.1.3",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(x509::VerifyCrl(c, f.issuer.public_key()).ok(),
                       "the signature is not the issuer's");
       }},
      {"this_update", "TRUST 2.8",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(c.this_update <= f.now, "thisUpdate is in the future");
       }},
      {"next_update", "RFC 5280 section 5.1.2.5",
       [](const Crl& c, const CrlFrame&) {
         return Unless(c.this_update < c.next_update,
                       "nextUpdate is not after thisUpdate");
       }},
      {"next_update_within_issuer", "TRUST 2.10",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(c.next_update <= f.issuer.facts().not_after,
                       "nextUpdate is after the issuer's notAfter");
       }},
      {"validity", "Baseline Requirements section 7.2",
       [](const Crl& c, const CrlFrame& f) {
         if (!f.br.has_value()) return std::string();
         return std::string(
             br::CheckCrlValidity(br::Inclusive(c.this_update, c.next_update),
                                  *f.br)
                 .message());
       }},
      {"number", "RFC 5280 section 5.2.3",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(c.number.has_value() && *c.number > f.previous_number,
                       "cRLNumber does not increase");
       }},
      {"authority_key_identifier", "RFC 5280 section 5.2.1",
       [](const Crl& c, const CrlFrame& f) {
         const std::string& key =
             f.issuer.facts().extensions.subject_key_identifier;
         return Unless(
             c.authority_key_identifier.has_value() &&
                 base::Equal(*c.authority_key_identifier, base::AsBytes(key)),
             "authorityKeyIdentifier is not the issuer's subjectKeyIdentifier");
       }},
      {"no_delta", "TRUST 7",
       [](const Crl& c, const CrlFrame&) {
         return Unless(!c.is_delta, "it is a delta CRL");
       }},
      {"entry_order", "RFC 5280 section 5.1.2.6",
       [](const Crl& c, const CrlFrame&) {
         std::string before;
         return EachEntry(c, "it does not come after the entry before",
                          [&](const CrlEntry& entry) {
                            std::string serial = base::ToString(entry.serial);
                            if (!before.empty() && serial <= before)
                              return false;
                            before = std::move(serial);
                            return true;
                          });
       }},
      {"entry_serial", "RFC 5280 section 4.1.2.2",
       [](const Crl& c, const CrlFrame&) {
         return EachEntry(
             c, "a serialNumber has 1 to 20 octets", [](const CrlEntry& entry) {
               return !entry.serial.empty() && entry.serial.size() <= 20;
             });
       }},
      {"entry_time", "TRUST 2.8",
       [](const Crl& c, const CrlFrame&) {
         return EachEntry(c, "revocationDate is after thisUpdate",
                          [&](const CrlEntry& entry) {
                            return entry.revocation_time <= c.this_update;
                          });
       }},
      {"entry_reason", "RFC 5280 section 5.3.1",
       [](const Crl& c, const CrlFrame&) {
         // 7 is not used; removeFromCRL (8) is for delta CRLs.
         return EachEntry(c, "reasonCode is not one of 0-6, 9, 10",
                          [](const CrlEntry& entry) {
                            return entry.reason >= 0 && entry.reason <= 10 &&
                                   entry.reason != 7 && entry.reason != 8;
                          });
       }},
      {"br_entry_reason", "Baseline Requirements section 7.2.2",
       [](const Crl& c, const CrlFrame& f) {
         if (!f.br.has_value()) return std::string();
         const bool is_ca = *f.br == br::Covers::kCaCertificates;
         return EachEntry(c, "reasonCode is not one that policy br allows",
                          [is_ca](const CrlEntry& entry) {
                            return br::CheckReason(entry.reason, is_ca).ok();
                          });
       }},
  };
  return lints;
}

absl::Status LintCrl(const Crl& crl, const CrlFrame& frame) {
  return RunLints(CrlLints(), crl, frame);
}

}  // namespace chancery::policy
