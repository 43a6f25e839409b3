#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "policy/crl_lints.h"
#include "policy/lints/linter.h"
#include "tools/chancery/ceremony/signing_steps.h"
#include "tools/chancery/text.h"
#include "x509/certificate/pem.h"

namespace chancery::cli::ceremony {
namespace {

constexpr int kKeyCompromise = 1;
constexpr int kRemoveFromCrl = 8;

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

std::string SerialText(const std::string& serial) {
  return FormatSerial(base::AsBytes(serial));
}

}  // namespace

// What is revoked stays revoked (TRUST 2.2).
absl::Status SigningSteps::AddPrevious(const MakeCrl& step,
                                       const x509::CrlFacts& facts,
                                       Entries& entries,
                                       uint64_t& previous_number) const {
  if (step.previous_file.empty()) return absl::OkStatus();
  const std::string& path = step.previous_file;
  const auto der = x509::DerOrPem("X509 CRL", parts_.inputs.bytes(path));
  if (!der.ok()) return InFile(path, der.status());
  const auto crl = x509::ParseCrl(base::AsBytes(*der));
  if (!crl.ok()) return InFile(path, crl.status());
  // The real one, which a rehearsal's is not.
  const x509::Certificate& issuer =
      parts_.inputs.certificates().at(step.issuer);
  if (!base::Equal(crl->issuer, base::AsBytes(issuer.facts().subject)) ||
      !x509::VerifyCrl(*crl, issuer.public_key()).ok()) {
    return InFile(path, absl::InvalidArgumentError(absl::StrCat(
                            "it is not a CRL of \"", step.issuer, "\"")));
  }
  const bool same_scope =
      step.distribution_point.empty()
          ? !crl->distribution_point.has_value()
          : crl->distribution_point_url.has_value() &&
                base::AsText(*crl->distribution_point_url) ==
                    step.distribution_point;
  if (crl->is_delta || !same_scope) {
    return InFile(path, absl::InvalidArgumentError(
                            "it is a delta, or its issuingDistributionPoint "
                            "is not that of the new CRL"));
  }
  if (facts.this_update <= crl->this_update) {
    return InFile(path, absl::InvalidArgumentError(absl::StrCat(
                            "the new CRL's this_update is not after its, ",
                            TimeText(crl->this_update))));
  }
  previous_number = crl->number.value_or(0);
  if (facts.number <= previous_number) {
    return InFile(path, absl::InvalidArgumentError(absl::StrCat(
                            "the new CRL's number ", facts.number,
                            " is not above its, ", previous_number)));
  }
  const absl::Status read =
      x509::ForEachEntry(*crl, [&](const x509::CrlEntry& entry) {
        entries[base::ToString(entry.serial)] = {.date = entry.revocation_time,
                                                 .reason = entry.reason};
        return absl::OkStatus();
      });
  return read.ok() ? read : InFile(path, read);
}

absl::Status SigningSteps::AddRevoked(const MakeCrl& step,
                                      Entries& entries) const {
  for (const Revocation& revocation : step.revoked) {
    std::string serial = revocation.serial;
    if (!revocation.certificate.empty()) {
      const x509::CertificateFacts& facts =
          certificates_.at(revocation.certificate).facts();
      if (facts.issuer != certificates_.at(step.issuer).facts().subject) {
        return absl::InvalidArgumentError(
            absl::StrCat("certificate \"", revocation.certificate,
                         "\" was not issued by \"", step.issuer, "\""));
      }
      serial = facts.serial;
    }
    if (revocation.reason == kRemoveFromCrl) {
      return absl::InvalidArgumentError(absl::StrCat(
          "serial ", SerialText(serial),
          ": removeFromCRL is for delta CRLs (RFC 5280 section 5.3.1)"));
    }
    const auto [at, added] = entries.emplace(
        serial, Entry{.date = revocation.date, .reason = revocation.reason});
    if (added) continue;
    // TRUST 2.2: only to keyCompromise, and never later.
    if (revocation.reason != kKeyCompromise ||
        at->second.reason == kKeyCompromise ||
        revocation.date > at->second.date) {
      return absl::InvalidArgumentError(absl::StrCat(
          "serial ", SerialText(serial), " is revoked already, since ",
          TimeText(at->second.date),
          ": only keyCompromise may take the place of another reason, and not "
          "with a later date (TRUST 2.2)"));
    }
    at->second = {.date = revocation.date, .reason = revocation.reason};
  }
  return absl::OkStatus();
}

// The end of a CA: nothing that it issued may still be valid.
absl::Status SigningSteps::CheckAllRevoked(const MakeCrl& step,
                                           absl::Time this_update,
                                           const Entries& entries) const {
  if (!step.is_last || step.issued_file.empty()) return absl::OkStatus();
  const std::string& path = step.issued_file;
  const auto all = x509::DecodePem("CERTIFICATE", parts_.inputs.bytes(path));
  if (!all.ok()) return InFile(path, all.status());
  if (all->size() != step.issued_count) {
    return InFile(path, absl::InvalidArgumentError(absl::StrCat(
                            "it holds ", all->size(), " certificates, not ",
                            step.issued_count, " as issued_count says")));
  }
  const auto known = parts_.inputs.certificates().find(step.issuer);
  const x509::Certificate& issuer = known == parts_.inputs.certificates().end()
                                        ? certificates_.at(step.issuer)
                                        : known->second;
  for (size_t i = 0; i < all->size(); ++i) {
    const auto certificate = x509::Certificate::Parse(base::AsBytes((*all)[i]));
    const absl::Status issued = certificate.ok()
                                    ? x509::CheckIssuedBy(*certificate, issuer)
                                    : certificate.status();
    if (!issued.ok()) {
      return InFile(absl::StrCat(path, ", certificate ", i + 1), issued);
    }
    const x509::CertificateFacts& facts = certificate->facts();
    if (facts.not_after >= this_update && entries.count(facts.serial) == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, ", certificate ", i + 1, ": serial ", SerialText(facts.serial),
          " is valid until ", TimeText(facts.not_after),
          " and not in the last CRL: a CA ends when all that it issued has"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SigningSteps::Do(const MakeCrl& step) {
  const x509::Certificate& issuer = certificates_.at(step.issuer);
  ASSIGN_OR_RETURN(const crypto::SigningKey* signing,
                   parts_.keys.Get(step.issuer_key));
  x509::CrlFacts facts{
      .issuer = base::AsBytes(issuer.facts().subject),
      .this_update = step.this_update.value_or(parts_.now),
      // TRUST 2.10: also of the last one.
      .next_update = step.next_update.value_or(issuer.facts().not_after),
      .authority_key_identifier =
          base::AsBytes(issuer.facts().extensions.subject_key_identifier),
      .number = step.number,
      .distribution_point = step.distribution_point};
  Entries entries;
  uint64_t previous_number = 0;
  RETURN_IF_ERROR(AddPrevious(step, facts, entries, previous_number));
  RETURN_IF_ERROR(AddRevoked(step, entries));
  RETURN_IF_ERROR(CheckAllRevoked(step, facts.this_update, entries));
  std::vector<x509::CrlEntry> list;
  for (const auto& [serial, entry] : entries) {
    list.push_back({.serial = base::AsBytes(serial),
                    .revocation_time = entry.date,
                    .reason = entry.reason});
  }
  ASSIGN_OR_RETURN(const std::string der, x509::SignCrl(facts, list, *signing));
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(base::AsBytes(der)));
  RETURN_IF_ERROR(
      policy::LintCrl(crl, {.issuer = issuer,
                            .now = parts_.now,
                            .previous_number = previous_number,
                            .distribution_point = step.distribution_point}));
  const auto finding = policy::lints::FirstFinding(
      base::AsBytes(der), policy::lints::ObjectKind::kCrl, parts_.plan.lints);
  if (finding.has_value()) {
    return absl::InternalError(policy::lints::FindingText(*finding));
  }
  RETURN_IF_ERROR(parts_.outputs.Put(absl::StrCat(step.name, ".crl"),
                                     base::AsBytes(der), 0644));
  return absl::StrCat(
      step.is_last ? "last CRL" : "CRL", " number ", step.number, " of ",
      step.issuer, " with ", entries.size(),
      entries.size() == 1 ? " entry, " : " entries, ",
      TimeText(facts.this_update), " to ", TimeText(facts.next_update));
}

}  // namespace chancery::cli::ceremony
