#include "policy/crl_lints.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::policy {
namespace {

using x509::Crl;
using x509::CrlEntry;

std::string Unless(bool right, const char* wrong) { return right ? "" : wrong; }

bool Says(const std::optional<base::Bytes>& said, const std::string& meant) {
  return said.has_value() && base::Equal(*said, base::AsBytes(meant));
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
      {"distribution_point", "RFC 5280 section 5.2.5",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(
             f.distribution_point.empty()
                 ? !c.distribution_point.has_value()
                 : Says(c.distribution_point_url, f.distribution_point),
             "issuingDistributionPoint is not, critical and byte for "
             "byte, the URL of the shard");
       }},
      {"delta", "RFC 5280 section 5.2.4",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(c.is_delta == f.base_number.has_value() &&
                           c.base_number == f.base_number &&
                           (!c.is_delta || *c.base_number < c.number),
                       "deltaCRLIndicator is not the number of its base");
       }},
      {"br_delta", "Baseline Requirements section 7.2",
       [](const Crl& c, const CrlFrame& f) {
         if (!f.br.has_value()) return std::string();
         return std::string(br::CheckIsFullCrl(c.is_delta).message());
       }},
      {"freshest", "RFC 5280 section 5.2.6",
       [](const Crl& c, const CrlFrame& f) {
         return Unless(f.freshest_url.empty()
                           ? !c.freshest_url.has_value()
                           : Says(c.freshest_url, f.freshest_url),
                       "freshestCRL is not where the deltas are");
       }},
  };
  return lints;
}

const std::vector<CrlEntryLint>& CrlEntryLints() {
  static const std::vector<CrlEntryLint> lints = {
      {"entry_order", "RFC 5280 section 5.1.2.6",
       [](const CrlEntry& e, const CrlEntryFrame& f) {
         return Unless(base::AsText(f.serial_before) < base::AsText(e.serial),
                       "it does not come after the entry before");
       }},
      {"entry_serial", "RFC 5280 section 4.1.2.2",
       [](const CrlEntry& e, const CrlEntryFrame&) {
         return Unless(!e.serial.empty() && e.serial.size() <= 20,
                       "a serialNumber has 1 to 20 octets");
       }},
      {"entry_time", "TRUST 2.8",
       [](const CrlEntry& e, const CrlEntryFrame& f) {
         return Unless(e.revocation_time <= f.this_update,
                       "revocationDate is after thisUpdate");
       }},
      {"entry_reason", "RFC 5280 section 5.3.1",
       [](const CrlEntry& e, const CrlEntryFrame& f) {
         // 7 is not used; removeFromCRL (8) is for delta CRLs.
         return Unless(e.reason >= 0 && e.reason <= 10 && e.reason != 7 &&
                           (e.reason != 8 || f.is_delta),
                       "reasonCode is not one of 0-6, 9, 10, or 8 in a delta");
       }},
      {"br_entry_reason", "Baseline Requirements section 7.2.2",
       [](const CrlEntry& e, const CrlEntryFrame& f) {
         if (!f.br.has_value()) return std::string();
         const bool is_ca = *f.br == br::Covers::kCaCertificates;
         return Unless(br::CheckReason(e.reason, is_ca).ok(),
                       "reasonCode is not one that policy br allows");
       }},
  };
  return lints;
}

absl::Status LintCrlHead(const Crl& crl, const CrlFrame& frame) {
  return RunLints(CrlLints(), crl, frame);
}

absl::Status LintCrlEntry(const CrlEntry& entry, const CrlEntryFrame& frame) {
  absl::Status status = RunLints(CrlEntryLints(), entry, frame);
  if (status.ok()) return status;
  return absl::InternalError(
      absl::StrCat(status.message(), ": serial ", base::Hex(entry.serial)));
}

absl::Status LintCrl(const Crl& crl, const CrlFrame& frame) {
  RETURN_IF_ERROR(LintCrlHead(crl, frame));
  if (!x509::VerifyCrl(crl, frame.issuer.public_key()).ok()) {
    return absl::InternalError("CRL: the signature is not the issuer's");
  }
  CrlEntryFrame entry_frame{
      .this_update = crl.this_update, .is_delta = crl.is_delta, .br = frame.br};
  return x509::ForEachEntry(crl, [&](const CrlEntry& entry) -> absl::Status {
    RETURN_IF_ERROR(LintCrlEntry(entry, entry_frame));
    entry_frame.serial_before = entry.serial;
    return absl::OkStatus();
  });
}

}  // namespace chancery::policy
