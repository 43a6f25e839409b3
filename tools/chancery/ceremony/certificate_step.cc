#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "policy/certificate_lints.h"
#include "policy/key_rules.h"
#include "policy/lints/linter.h"
#include "tools/chancery/ceremony/signing_steps.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/init/new_certificate.h"
#include "tools/chancery/text.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/names.h"
#include "x509/certificate/pem.h"

namespace chancery::cli::ceremony {
namespace {

std::string KindText(CertificateKind kind) {
  switch (kind) {
    case CertificateKind::kRoot:
      return "root";
    case CertificateKind::kIntermediate:
      return "CA";
    case CertificateKind::kCross:
      return "cross-certificate of";
    case CertificateKind::kOcspSigner:
      return "OCSP signer";
  }
  return "certificate";
}

std::string SubjectText(const std::string& name) {
  const auto attributes = x509::ParseName(base::AsBytes(name));
  return attributes.ok() ? x509::NameText(*attributes) : "an unreadable name";
}

// A root is below nothing, so its own path length does not speak of it (RFC
// 5280 section 6.1.4 (l): self-issued certificates do not count).
absl::Status CheckRoot(const x509::Certificate& root) {
  RETURN_IF_ERROR(root.VerifySignedBy(root.public_key()));
  for (const policy::CertificateLint& lint : policy::CertificateLints()) {
    if (absl::string_view(lint.id) == "path_length") continue;
    const std::string wrong = lint.check(root, root);
    if (wrong.empty()) continue;
    return absl::InternalError(
        absl::StrCat("lint ", lint.id, " (", lint.source, "): ", wrong));
  }
  return absl::OkStatus();
}

absl::Status CheckBelow(const x509::Certificate& certificate,
                        const x509::Certificate& issuer) {
  RETURN_IF_ERROR(x509::CheckIssuedBy(certificate, issuer));
  return policy::LintCertificate(certificate, issuer);
}

}  // namespace

// Whose a certificate is.
struct SigningSteps::Subject {
  crypto::PublicKey key;
  std::string name = {};            // DER; empty: as the step has it.
  std::string key_identifier = {};  // Empty: the usual one.
};

absl::StatusOr<SigningSteps::Subject> SigningSteps::SubjectOf(
    const MakeCertificate& step) {
  if (!step.of.empty()) {
    const x509::Certificate& of = certificates_.at(step.of);
    const x509::Extensions& extensions = of.facts().extensions;
    if (!extensions.is_ca.value_or(false)) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate \"", step.of, "\" is not a CA's"));
    }
    return Subject{.key = of.public_key(),
                   .name = of.facts().subject,
                   .key_identifier = extensions.subject_key_identifier};
  }
  if (step.csr_file.empty()) {
    ASSIGN_OR_RETURN(const crypto::SigningKey* key, parts_.keys.Get(step.key));
    return Subject{.key = key->public_key()};
  }
  const auto in_file = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(step.csr_file, ": ", status.message()));
  };
  const auto der =
      x509::DerOrPem("CERTIFICATE REQUEST", parts_.inputs.bytes(step.csr_file));
  if (!der.ok()) return in_file(der.status());
  auto csr = x509::ParseCsr(base::AsBytes(*der));
  if (!csr.ok()) return in_file(csr.status());
  if (const auto fit = policy::CheckKey(csr->public_key); !fit.ok()) {
    return in_file(fit);
  }
  return Subject{.key = csr->public_key};
}

absl::Status SigningSteps::CheckSigned(const x509::Certificate& certificate,
                                       const x509::Certificate* issuer) const {
  RETURN_IF_ERROR(issuer == nullptr ? CheckRoot(certificate)
                                    : CheckBelow(certificate, *issuer));
  const auto finding = policy::lints::FirstFinding(
      base::AsBytes(certificate.der()), policy::lints::ObjectKind::kCertificate,
      parts_.plan.lints);
  if (!finding.has_value()) return absl::OkStatus();
  return absl::InternalError(policy::lints::FindingText(*finding));
}

absl::StatusOr<std::string> SigningSteps::Do(const MakeCertificate& step) {
  ASSIGN_OR_RETURN(const Subject subject, SubjectOf(step));
  ASSIGN_OR_RETURN(const crypto::SigningKey* signing,
                   parts_.keys.Get(step.issuer_key));
  NewCertificate content = step.content;
  if (!subject.name.empty()) content.subject = subject.name;
  content.extensions.subject_key_identifier = subject.key_identifier;
  const bool is_root = step.kind == CertificateKind::kRoot;
  const x509::Certificate* issuer =
      is_root ? nullptr : &certificates_.at(step.issuer);
  const CertificateSigner signer =
      is_root ? CertificateSigner{content.subject, *signing}
              : CertificateSigner{
                    issuer->facts().subject, *signing,
                    issuer->facts().extensions.subject_key_identifier};
  ASSIGN_OR_RETURN(const std::string der,
                   SignNew(content, subject.key, signer, parts_.random));
  ASSIGN_OR_RETURN(x509::Certificate made,
                   x509::Certificate::Parse(base::AsBytes(der)));
  RETURN_IF_ERROR(CheckSigned(made, issuer));
  const std::string pem = CertificatePem(base::AsBytes(der));
  RETURN_IF_ERROR(parts_.outputs.Put(absl::StrCat(step.name, ".pem"),
                                     base::AsBytes(pem), 0644));
  const x509::CertificateFacts& facts = made.facts();
  const std::string done = absl::StrCat(
      KindText(step.kind), " \"", SubjectText(facts.subject), "\", serial ",
      FormatSerial(base::AsBytes(facts.serial)), ", ",
      TimeText(facts.not_before), " to ", TimeText(facts.not_after),
      is_root ? "" : absl::StrCat(", signed by ", step.issuer));
  certificates_.emplace(step.name, std::move(made));
  return done;
}

}  // namespace chancery::cli::ceremony
