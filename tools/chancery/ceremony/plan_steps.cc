#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "rpc/config.h"
#include "tools/chancery/ceremony/certificate_fields.h"
#include "tools/chancery/ceremony/planner.h"

namespace chancery::cli::ceremony {
namespace {

using config::CeremonyStep;
using rpc::ConfigError;

constexpr int kMaxSteps = 1000;

}  // namespace

absl::Status Planner::AddSteps() {
  if (from_.step().empty() || from_.step().size() > kMaxSteps) {
    return ConfigError("step", absl::StrCat(from_.step().size()),
                       absl::StrCat("1 to ", kMaxSteps, " steps"));
  }
  bool ending = false;
  for (const CeremonyStep& step : from_.step()) {
    ++number_;
    const bool ends = step.has_destroy_key() || step.has_end_of_life();
    if (ending && !ends) {
      return ConfigError(
          "step", absl::StrCat(number_),
          "destroy_key and end_of_life come last: what else fails should "
          "fail while every key is still there");
    }
    ending = ends;
    RETURN_IF_ERROR(AddStep(step));
  }
  // Every CRL before the first end of a key.
  std::stable_partition(
      plan_.steps.begin(), plan_.steps.end(), [](const PlannedStep& step) {
        return !std::holds_alternative<DestroyKey>(step.action);
      });
  return absl::OkStatus();
}

absl::Status Planner::AddStep(const CeremonyStep& step) {
  switch (step.step_case()) {
    case CeremonyStep::kGenerateKey:
      return AddGenerate(step.generate_key());
    case CeremonyStep::kRoot:
      return AddRoot(step.root());
    case CeremonyStep::kIntermediate:
      return AddBelow(step.intermediate(), CertificateKind::kIntermediate);
    case CeremonyStep::kCrossCertificate:
      return AddCross(step.cross_certificate());
    case CeremonyStep::kOcspSigner:
      return AddBelow(step.ocsp_signer(), CertificateKind::kOcspSigner);
    case CeremonyStep::kCrl: {
      kind_ = "crl";
      ASSIGN_OR_RETURN(MakeCrl crl,
                       ReadCrl(Field(), step.crl(), /*is_last=*/false));
      return AddCrl(step.crl(), std::move(crl));
    }
    case CeremonyStep::kKeySet:
      return AddKeySet(step.key_set());
    case CeremonyStep::kBackupKey:
      return AddBackup(step.backup_key());
    case CeremonyStep::kRestoreKey:
      return AddRestore(step.restore_key());
    case CeremonyStep::kDestroyKey:
      kind_ = "destroy_key";
      return AddDestroy(step.destroy_key().key(), step.destroy_key().key_id());
    case CeremonyStep::kEndOfLife:
      return AddEndOfLife(step.end_of_life());
    case CeremonyStep::STEP_NOT_SET:
      break;
  }
  return ConfigError("step", absl::StrCat(number_), "it does nothing");
}

std::string Planner::Field() const {
  return absl::StrCat("step ", number_, " ", kind_, ".");
}

absl::Status Planner::CheckKeyPair(const std::string& field,
                                   const std::string& name) {
  const auto found = plan_.keys.find(name);
  if (found == plan_.keys.end()) {
    return ConfigError(field, name, "no key has this name");
  }
  if (found->second.wraps) {
    return ConfigError(field, name, "it wraps other keys and does not sign");
  }
  used_.insert(name);
  return absl::OkStatus();
}

absl::Status Planner::UseToSign(const std::string& field,
                                const std::string& name, const char* signs) {
  RETURN_IF_ERROR(CheckKeyPair(field, name));
  RETURN_IF_ERROR(CheckPresent(field, name));
  const auto [at, added] = signs_.emplace(name, signs);
  if (at->second == signs) return absl::OkStatus();
  return ConfigError(field, name,
                     absl::StrCat("it signs ", at->second,
                                  " already, and no key signs both (TRUST "
                                  "2.4)"));
}

absl::Status Planner::CheckPresent(const std::string& field,
                                   const std::string& name) {
  if (plan_.keys.at(name).origin != KeyOrigin::kExists &&
      made_.count(name) == 0) {
    return ConfigError(field, name, "a later step makes it");
  }
  if (destroyed_.count(name) != 0) {
    return ConfigError(field, name, "an earlier step destroys it");
  }
  return absl::OkStatus();
}

absl::Status Planner::CheckCertificate(const std::string& field,
                                       const std::string& name) {
  if (key_of_.count(name) != 0) return absl::OkStatus();
  return ConfigError(field, name,
                     "no certificate or earlier step has this name");
}

absl::StatusOr<std::string> Planner::IssuerKey(const std::string& name) {
  const std::string field = Field() + "issuer";
  RETURN_IF_ERROR(CheckCertificate(field, name));
  const std::string& key = key_of_[name];
  if (key.empty()) {
    return ConfigError(field, name,
                       "its certificate names no key that could sign");
  }
  RETURN_IF_ERROR(UseToSign(field, key, kSignsAsCa));
  return key;
}

absl::Status Planner::AddCertificate(MakeCertificate certificate) {
  RETURN_IF_ERROR(CheckSlug(Field() + "name", certificate.name));
  RETURN_IF_ERROR(
      AddOutput(Field() + "name", absl::StrCat(certificate.name, ".pem")));
  if (!key_of_.emplace(certificate.name, certificate.key).second) {
    return ConfigError(Field() + "name", certificate.name,
                       "another certificate has this name");
  }
  contents_.emplace(certificate.name, certificate.content);
  Push(std::move(certificate));
  return absl::OkStatus();
}

absl::Status Planner::CheckOtherCa(const MakeCertificate& below) {
  if (below.key == below.issuer_key) {
    return ConfigError(
        Field() + "key", below.key,
        absl::StrCat("it is the key of its issuer, \"", below.issuer, "\""));
  }
  const auto issuer = contents_.find(below.issuer);
  if (issuer == contents_.end()) return absl::OkStatus();
  if (below.content.subject == issuer->second.subject) {
    return ConfigError(Field() + "certificate.subject", below.name,
                       absl::StrCat("it is the subject of its issuer, \"",
                                    below.issuer, "\""));
  }
  if (below.content.not_before < issuer->second.not_before) {
    return ConfigError(
        Field() + "certificate.not_before",
        absl::FormatTime(below.content.not_before, absl::UTCTimeZone()),
        absl::StrCat("it begins before its issuer, \"", below.issuer, "\""));
  }
  return absl::OkStatus();
}

absl::Status Planner::AddRoot(const CeremonyStep::Root& from) {
  kind_ = "root";
  RETURN_IF_ERROR(UseToSign(Field() + "key", from.key(), kSignsAsCa));
  MakeCertificate root{.kind = CertificateKind::kRoot,
                       .name = from.name(),
                       .issuer = from.name(),
                       .issuer_key = from.key(),
                       .key = from.key()};
  ASSIGN_OR_RETURN(
      root.content,
      ReadCertificate(Field() + "certificate.", from.certificate(), root.kind));
  return AddCertificate(std::move(root));
}

template <typename Message>
absl::Status Planner::AddBelow(const Message& from, CertificateKind kind) {
  kind_ = kind == CertificateKind::kOcspSigner ? "ocsp_signer" : "intermediate";
  MakeCertificate below{.kind = kind,
                        .name = from.name(),
                        .issuer = from.issuer(),
                        .key = from.key(),
                        .csr_file = InFolder(folder_, from.csr_file())};
  ASSIGN_OR_RETURN(below.issuer_key, IssuerKey(from.issuer()));
  if (below.key.empty() == below.csr_file.empty()) {
    return ConfigError(Field() + "key", below.key,
                       "name a key or a request; not both");
  }
  if (!below.key.empty()) {
    RETURN_IF_ERROR(UseToSign(
        Field() + "key", below.key,
        kind == CertificateKind::kOcspSigner ? kSignsOcsp : kSignsAsCa));
  }
  ASSIGN_OR_RETURN(below.content, ReadCertificate(Field() + "certificate.",
                                                  from.certificate(), kind));
  if (kind == CertificateKind::kIntermediate) {
    RETURN_IF_ERROR(CheckOtherCa(below));
  }
  return AddCertificate(std::move(below));
}

absl::Status Planner::AddCross(const CeremonyStep::CrossCertificate& from) {
  kind_ = "cross_certificate";
  MakeCertificate cross{.kind = CertificateKind::kCross,
                        .name = from.name(),
                        .issuer = from.issuer(),
                        .of = from.of()};
  ASSIGN_OR_RETURN(cross.issuer_key, IssuerKey(from.issuer()));
  RETURN_IF_ERROR(CheckCertificate(Field() + "of", from.of()));
  if (from.of() == from.issuer()) {
    return ConfigError(Field() + "of", from.of(), "is the issuer itself");
  }
  ASSIGN_OR_RETURN(cross.content,
                   ReadCertificate(Field() + "certificate.", from.certificate(),
                                   cross.kind));
  RETURN_IF_ERROR(AddCertificate(cross));
  key_of_[cross.name] = key_of_[cross.of];
  return absl::OkStatus();
}

absl::Status Planner::AddCrl(const config::CeremonyCrl& from, MakeCrl crl) {
  ASSIGN_OR_RETURN(crl.issuer_key, IssuerKey(from.issuer()));
  crl.previous_file = InFolder(folder_, from.previous_file());
  if (!crl.previous_file.empty() && plan_.certificates.count(crl.issuer) == 0) {
    return ConfigError(Field() + "previous_file", from.previous_file(),
                       "its issuer is made in this ceremony, so there is no "
                       "CRL before: say `first: true`");
  }
  for (const Revocation& revocation : crl.revoked) {
    if (revocation.certificate.empty()) continue;
    RETURN_IF_ERROR(CheckCertificate(Field() + "revoked.certificate",
                                     revocation.certificate));
  }
  RETURN_IF_ERROR(AddOutput(Field() + "name", absl::StrCat(crl.name, ".crl")));
  Push(std::move(crl));
  return absl::OkStatus();
}

}  // namespace chancery::cli::ceremony
