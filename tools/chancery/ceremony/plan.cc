#include "tools/chancery/ceremony/plan.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/config/ceremony.pb.h"
#include "crypto/pkcs11_uri.h"
#include "rpc/config.h"
#include "signer/lint_settings.h"
#include "tools/chancery/ceremony/certificate_fields.h"
#include "tools/chancery/init/init_options.h"

namespace chancery::cli::ceremony {
namespace {

using config::CeremonyStep;
using rpc::ConfigError;

constexpr char kWrappingType[] = "aes-256";
constexpr int kMaxSteps = 1000;

// What a key signs: each key one of these (TRUST 2.4).
constexpr char kSignsAsCa[] = "certificates and CRLs";
constexpr char kSignsOcsp[] = "OCSP responses";
constexpr char kSignsManifests[] = "manifests";
constexpr char kSignsKeySets[] = "key sets";

std::string In(const std::string& folder, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

// Goes through the file from front to back.
class Planner {
 public:
  Planner(const config::Ceremony& from, const std::string& folder)
      : from_(from), folder_(folder) {}

  absl::StatusOr<Plan> Run() {
    RETURN_IF_ERROR(CheckSlug("id", from_.id()));
    plan_.id = from_.id();
    RETURN_IF_ERROR(rpc::RequireSet("output_dir", from_.output_dir()));
    plan_.output_dir = In(folder_, from_.output_dir());
    while (absl::EndsWith(plan_.output_dir, "/")) plan_.output_dir.pop_back();
    if (plan_.output_dir.empty()) {
      return ConfigError("output_dir", from_.output_dir(),
                         "must be a folder of its own");
    }
    ASSIGN_OR_RETURN(plan_.lints,
                     signer::LintsOf(from_.lint_set(), from_.lint_exception(),
                                     signer::DefaultCertificateLints(), ""));
    plan_.outputs = {};
    for (const auto& key : from_.key()) RETURN_IF_ERROR(AddKey(key));
    RETURN_IF_ERROR(FindOrigins());
    for (const auto& known : from_.certificate()) {
      RETURN_IF_ERROR(AddKnown(known));
    }
    RETURN_IF_ERROR(AddOperators());
    RETURN_IF_ERROR(AddSteps());
    for (const auto& [name, key] : plan_.keys) {
      if (used_.count(name) == 0) {
        return ConfigError("key.name", name, "no step uses it");
      }
    }
    return std::move(plan_);
  }

 private:
  absl::StatusOr<crypto::KeySource> ReadSource(const std::string& field,
                                               const config::KeySource& from) {
    crypto::KeySource source{.file = from.file(),
                             .pkcs11_uri = from.pkcs11_uri(),
                             .pkcs11_module = from.pkcs11_module(),
                             .secret = {.file = In(folder_, from.pin_file()),
                                        .env = from.pin_env()}};
    if (source.file.empty() == source.pkcs11_uri.empty()) {
      return ConfigError(field + "file", source.file,
                         "a key is in a file or in a token: name one");
    }
    if (!source.secret.file.empty() && !source.secret.env.empty()) {
      return ConfigError(field + "pin_env", source.secret.env,
                         "the PIN is in a file or in the environment");
    }
    if (source.pkcs11_uri.empty()) {
      source.file = In(folder_, source.file);
      return source;
    }
    const auto uri = crypto::ParsePkcs11Uri(source.pkcs11_uri);
    if (!uri.ok()) {
      return ConfigError(field + "pkcs11_uri", source.pkcs11_uri,
                         uri.status().message());
    }
    if (uri->object.empty() || uri->id.empty()) {
      return ConfigError(
          field + "pkcs11_uri", source.pkcs11_uri,
          "a key of a ceremony is named by both object= and id=");
    }
    if (uri->module_path.empty() && source.pkcs11_module.empty()) {
      return ConfigError(field + "pkcs11_module", "", "is required");
    }
    return source;
  }

  absl::Status AddKey(const config::Ceremony::Key& from) {
    RETURN_IF_ERROR(CheckSlug("key.name", from.name()));
    const std::string field = absl::StrCat("key \"", from.name(), "\".");
    PlannedKey key;
    key.type = from.type();
    key.wraps = from.type() == kWrappingType;
    if (!key.wraps) {
      const auto spec = ParseKeyType(from.type());
      if (!spec.ok()) {
        return ConfigError(field + "type", from.type(),
                           "must be one of ecdsa-p256, ecdsa-p384, rsa-2048, "
                           "rsa-3072, rsa-4096, ed25519, or aes-256");
      }
      key.spec = *spec;
    }
    ASSIGN_OR_RETURN(key.source, ReadSource(field + "source.", from.source()));
    if (key.wraps && !key.in_token()) {
      return ConfigError(field + "source.file", from.source().file(),
                         "a key that wraps others is in a token");
    }
    // As the file has it: a path for one that is there, a name for one that is
    // made.
    if (!key.in_token()) key.output = from.source().file();
    if (!plan_.keys.emplace(from.name(), std::move(key)).second) {
      return ConfigError("key.name", from.name(), "each name once");
    }
    return absl::OkStatus();
  }

  // Which keys are made, which restored.
  absl::Status FindOrigins() {
    for (const CeremonyStep& step : from_.step()) {
      std::string name;
      KeyOrigin origin = KeyOrigin::kGenerated;
      if (step.has_generate_key()) {
        name = step.generate_key().key();
      } else if (step.has_restore_key()) {
        name = step.restore_key().key();
        origin = KeyOrigin::kRestored;
      } else {
        continue;
      }
      const auto found = plan_.keys.find(name);
      if (found == plan_.keys.end()) continue;  // Refused later.
      PlannedKey& key = found->second;
      if (key.origin != KeyOrigin::kExists) {
        return ConfigError("step.key", name, "it is made twice");
      }
      key.origin = origin;
      if (origin == KeyOrigin::kRestored && (!key.in_token() || key.wraps)) {
        return ConfigError("restore_key.key", name,
                           "only key pairs in tokens can be restored");
      }
    }
    for (auto& [name, key] : plan_.keys) {
      if (key.in_token() || key.origin != KeyOrigin::kGenerated) {
        key.output.clear();
        continue;
      }
      RETURN_IF_ERROR(AddOutput(absl::StrCat("key \"", name, "\".source.file"),
                                key.output));
    }
    return absl::OkStatus();
  }

  // A new file in the output folder.
  absl::Status AddOutput(const std::string& field, const std::string& name) {
    const bool plain =
        !name.empty() && name[0] != '.' && name.size() <= 100 &&
        std::all_of(name.begin(), name.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                 c == '.' || c == '-' || c == '_';
        });
    if (!plain) {
      return ConfigError(field, name,
                         "must be a plain file name: it goes into output_dir");
    }
    if (name == kTranscriptFile || name == kCeremonyFile || name == "journal" ||
        absl::EndsWith(name, ".sig")) {
      return ConfigError(field, name, "is the name of another output");
    }
    if (!plan_.outputs.insert(name).second) {
      return ConfigError(field, name, "two outputs have this name");
    }
    return absl::OkStatus();
  }

  absl::Status AddKnown(const config::Ceremony::Certificate& from) {
    RETURN_IF_ERROR(CheckSlug("certificate.name", from.name()));
    const std::string field =
        absl::StrCat("certificate \"", from.name(), "\".");
    RETURN_IF_ERROR(rpc::RequireSet(field + "file", from.file()));
    KnownCertificate known{.file = In(folder_, from.file()), .key = from.key()};
    ASSIGN_OR_RETURN(known.sha256, ReadSha256(field + "sha256", from.sha256()));
    if (!known.key.empty()) {
      RETURN_IF_ERROR(CheckKeyPair(field + "key", known.key));
      if (plan_.keys.at(known.key).origin == KeyOrigin::kGenerated) {
        return ConfigError(field + "key", known.key,
                           "the ceremony makes it, so it cannot be this "
                           "certificate's");
      }
    }
    key_of_[from.name()] = known.key;
    if (!plan_.certificates.emplace(from.name(), std::move(known)).second) {
      return ConfigError("certificate.name", from.name(), "each name once");
    }
    return absl::OkStatus();
  }

  absl::Status AddOperators() {
    std::set<std::string> names;
    for (const auto& from : from_.operator_()) {
      RETURN_IF_ERROR(CheckSlug("operator.name", from.name()));
      const std::string field = absl::StrCat("operator \"", from.name(), "\".");
      if (!names.insert(from.name()).second) {
        return ConfigError("operator.name", from.name(), "each name once");
      }
      RETURN_IF_ERROR(
          rpc::RequireSet(field + "public_key_file", from.public_key_file()));
      PlannedOperator planned{
          .name = from.name(),
          .public_key_file = In(folder_, from.public_key_file())};
      if (from.has_key()) {
        ASSIGN_OR_RETURN(planned.key, ReadSource(field + "key.", from.key()));
      }
      plan_.operators.push_back(std::move(planned));
    }
    if (plan_.operators.empty()) {
      return ConfigError("operator", "", "somebody has to sign the transcript");
    }
    plan_.operators_needed = from_.operators_needed() == 0
                                 ? plan_.operators.size()
                                 : from_.operators_needed();
    if (plan_.operators_needed > plan_.operators.size()) {
      return ConfigError("operators_needed",
                         absl::StrCat(from_.operators_needed()),
                         absl::StrCat("there are ", plan_.operators.size()));
    }
    return absl::OkStatus();
  }

  absl::Status AddSteps() {
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

  absl::Status AddStep(const CeremonyStep& step) {
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
        return AddDestroy(step.destroy_key().key(),
                          step.destroy_key().key_id());
      case CeremonyStep::kEndOfLife:
        return AddEndOfLife(step.end_of_life());
      case CeremonyStep::STEP_NOT_SET:
        break;
    }
    return ConfigError("step", absl::StrCat(number_), "it does nothing");
  }

  std::string Field() const {
    return absl::StrCat("step ", number_, " ", kind_, ".");
  }

  template <typename Action>
  void Push(Action action) {
    plan_.steps.push_back(
        {.number = number_, .kind = kind_, .action = std::move(action)});
  }

  // A key pair of the file.
  absl::Status CheckKeyPair(const std::string& field, const std::string& name) {
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

  // One that is there by now, and does nothing but `signs`.
  absl::Status UseToSign(const std::string& field, const std::string& name,
                         const char* signs) {
    RETURN_IF_ERROR(CheckKeyPair(field, name));
    RETURN_IF_ERROR(CheckPresent(field, name));
    const auto [at, added] = signs_.emplace(name, signs);
    if (at->second == signs) return absl::OkStatus();
    return ConfigError(field, name,
                       absl::StrCat("it signs ", at->second,
                                    " already, and no key signs both (TRUST "
                                    "2.4)"));
  }

  absl::Status CheckPresent(const std::string& field, const std::string& name) {
    if (plan_.keys.at(name).origin != KeyOrigin::kExists &&
        made_.count(name) == 0) {
      return ConfigError(field, name, "a later step makes it");
    }
    if (destroyed_.count(name) != 0) {
      return ConfigError(field, name, "an earlier step destroys it");
    }
    return absl::OkStatus();
  }

  // A certificate that is there by now.
  absl::Status CheckCertificate(const std::string& field,
                                const std::string& name) {
    if (key_of_.count(name) != 0) return absl::OkStatus();
    return ConfigError(field, name,
                       "no certificate or earlier step has this name");
  }

  // The key of an issuer.
  absl::StatusOr<std::string> IssuerKey(const std::string& name) {
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

  absl::Status AddCertificate(MakeCertificate certificate) {
    RETURN_IF_ERROR(CheckSlug(Field() + "name", certificate.name));
    RETURN_IF_ERROR(
        AddOutput(Field() + "name", absl::StrCat(certificate.name, ".pem")));
    if (!key_of_.emplace(certificate.name, certificate.key).second) {
      return ConfigError(Field() + "name", certificate.name,
                         "another certificate has this name");
    }
    Push(std::move(certificate));
    return absl::OkStatus();
  }

  absl::Status AddGenerate(const CeremonyStep::GenerateKey& from) {
    kind_ = "generate_key";
    const auto found = plan_.keys.find(from.key());
    if (found == plan_.keys.end()) {
      return ConfigError(Field() + "key", from.key(), "no key has this name");
    }
    const PlannedKey& key = found->second;
    if (from.extractable_under_wrap() && (!key.in_token() || key.wraps)) {
      return ConfigError(Field() + "extractable_under_wrap", "true",
                         "is for key pairs in tokens");
    }
    if (!key.wraps) {
      RETURN_IF_ERROR(
          AddOutput(Field() + "key", absl::StrCat(from.key(), ".pub.pem")));
    }
    used_.insert(from.key());
    made_.insert(from.key());
    Push(MakeKey{.key = from.key(),
                 .extractable = from.extractable_under_wrap()});
    return absl::OkStatus();
  }

  absl::Status AddRoot(const CeremonyStep::Root& from) {
    kind_ = "root";
    RETURN_IF_ERROR(UseToSign(Field() + "key", from.key(), kSignsAsCa));
    MakeCertificate root{.kind = CertificateKind::kRoot,
                         .name = from.name(),
                         .issuer = from.name(),
                         .issuer_key = from.key(),
                         .key = from.key()};
    ASSIGN_OR_RETURN(root.content,
                     ReadCertificate(Field() + "certificate.",
                                     from.certificate(), root.kind));
    return AddCertificate(std::move(root));
  }

  template <typename Message>
  absl::Status AddBelow(const Message& from, CertificateKind kind) {
    kind_ =
        kind == CertificateKind::kOcspSigner ? "ocsp_signer" : "intermediate";
    MakeCertificate below{.kind = kind,
                          .name = from.name(),
                          .issuer = from.issuer(),
                          .key = from.key(),
                          .csr_file = In(folder_, from.csr_file())};
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
    return AddCertificate(std::move(below));
  }

  absl::Status AddCross(const CeremonyStep::CrossCertificate& from) {
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
                     ReadCertificate(Field() + "certificate.",
                                     from.certificate(), cross.kind));
    RETURN_IF_ERROR(AddCertificate(cross));
    key_of_[cross.name] = key_of_[cross.of];
    return absl::OkStatus();
  }

  absl::Status AddCrl(const config::CeremonyCrl& from, MakeCrl crl) {
    ASSIGN_OR_RETURN(crl.issuer_key, IssuerKey(from.issuer()));
    crl.previous_file = In(folder_, from.previous_file());
    if (!crl.previous_file.empty() &&
        plan_.certificates.count(crl.issuer) == 0) {
      return ConfigError(Field() + "previous_file", from.previous_file(),
                         "its issuer is made in this ceremony, so there is no "
                         "CRL before: say `first: true`");
    }
    for (const Revocation& revocation : crl.revoked) {
      if (revocation.certificate.empty()) continue;
      RETURN_IF_ERROR(CheckCertificate(Field() + "revoked.certificate",
                                       revocation.certificate));
    }
    RETURN_IF_ERROR(
        AddOutput(Field() + "name", absl::StrCat(crl.name, ".crl")));
    Push(std::move(crl));
    return absl::OkStatus();
  }

  absl::StatusOr<MakeKeySet::Manifest> ReadManifest(
      const CeremonyStep::KeySet::ManifestKey& from) {
    const std::string field = Field() + "manifest_key.";
    MakeKeySet::Manifest out{
        .key = from.key(),
        .public_key_file = In(folder_, from.public_key_file()),
        .issuers = {from.issuer().begin(), from.issuer().end()}};
    if (out.key.empty() == out.public_key_file.empty()) {
      return ConfigError(field + "key", out.key,
                         "name a key or a public key's file; not both");
    }
    if (!out.key.empty()) {
      RETURN_IF_ERROR(UseToSign(field + "key", out.key, kSignsManifests));
    }
    ASSIGN_OR_RETURN(out.not_before,
                     ReadTime(field + "not_before", from.not_before()));
    ASSIGN_OR_RETURN(out.not_after,
                     ReadTime(field + "not_after", from.not_after()));
    if (out.not_after <= out.not_before) {
      return ConfigError(field + "not_after", from.not_after(),
                         "must be after not_before");
    }
    if (out.issuers.empty()) {
      return ConfigError(field + "issuer", "", "is required");
    }
    for (const std::string& issuer : out.issuers) {
      RETURN_IF_ERROR(CheckCertificate(field + "issuer", issuer));
    }
    return out;
  }

  absl::Status AddKeySet(const CeremonyStep::KeySet& from) {
    kind_ = "key_set";
    MakeKeySet set{
        .name = from.name(),
        .version = from.version(),
        .epoch = from.epoch(),
        .signed_by = {from.signed_by().begin(), from.signed_by().end()},
        .threshold = from.threshold()};
    RETURN_IF_ERROR(CheckSlug(Field() + "name", set.name));
    if (set.version == 0 || set.epoch == 0) {
      return ConfigError(Field() + (set.version == 0 ? "version" : "epoch"),
                         "0", "must be at least 1");
    }
    if (from.manifest_key().empty()) {
      return ConfigError(Field() + "manifest_key", "", "is required");
    }
    for (const auto& manifest : from.manifest_key()) {
      ASSIGN_OR_RETURN(MakeKeySet::Manifest key, ReadManifest(manifest));
      set.manifests.push_back(std::move(key));
    }
    std::set<std::string> names;
    for (const auto& issuer : from.issuer()) {
      RETURN_IF_ERROR(CheckSlug(Field() + "issuer.name", issuer.name()));
      RETURN_IF_ERROR(CheckCertificate(Field() + "issuer.certificate",
                                       issuer.certificate()));
      if (!names.insert(issuer.name()).second) {
        return ConfigError(Field() + "issuer.name", issuer.name(),
                           "each name once");
      }
      set.issuers.push_back(
          {.name = issuer.name(), .certificate = issuer.certificate()});
    }
    if (set.issuers.empty()) {
      return ConfigError(Field() + "issuer", "", "is required");
    }
    std::set<std::string> signers;
    for (const std::string& root : set.signed_by) {
      RETURN_IF_ERROR(UseToSign(Field() + "signed_by", root, kSignsKeySets));
      if (!signers.insert(root).second) {
        return ConfigError(Field() + "signed_by", root, "each root once");
      }
    }
    for (const std::string& file : from.other_root_file()) {
      set.other_root_files.push_back(In(folder_, file));
    }
    if (set.threshold == 0 || set.threshold > set.signed_by.size()) {
      return ConfigError(
          Field() + "threshold", absl::StrCat(set.threshold),
          absl::StrCat("must be 1 to ", set.signed_by.size(),
                       ", the roots that sign now: fewer signatures, and no "
                       "responder believes it"));
    }
    RETURN_IF_ERROR(AddOutput(Field() + "name", set.name));
    RETURN_IF_ERROR(
        AddOutput(Field() + "name", absl::StrCat(set.name, "-root.pem")));
    Push(std::move(set));
    return absl::OkStatus();
  }

  // The wrapping key of `key`, in the same token.
  absl::Status CheckWrapping(const std::string& wrapping,
                             const std::string& key) {
    const std::string field = Field() + "wrapping_key";
    const auto found = plan_.keys.find(wrapping);
    if (found == plan_.keys.end() || !found->second.wraps) {
      return ConfigError(field, wrapping,
                         "no key of type aes-256 has this name");
    }
    used_.insert(wrapping);
    RETURN_IF_ERROR(CheckPresent(field, wrapping));
    const auto token_of = [&](const std::string& name) {
      const crypto::KeySource& source = plan_.keys.at(name).source;
      const auto uri = crypto::ParsePkcs11Uri(source.pkcs11_uri);
      return absl::StrCat(uri->token, "\n", uri->serial, "\n", uri->model, "\n",
                          uri->manufacturer, "\n",
                          source.pkcs11_module.empty() ? uri->module_path
                                                       : source.pkcs11_module);
    };
    if (token_of(wrapping) != token_of(key)) {
      return ConfigError(
          field, wrapping,
          absl::StrCat("names another token than that of \"", key, "\""));
    }
    return absl::OkStatus();
  }

  absl::Status AddBackup(const CeremonyStep::BackupKey& from) {
    kind_ = "backup_key";
    RETURN_IF_ERROR(CheckSlug(Field() + "name", from.name()));
    RETURN_IF_ERROR(CheckKeyPair(Field() + "key", from.key()));
    RETURN_IF_ERROR(CheckPresent(Field() + "key", from.key()));
    if (!plan_.keys.at(from.key()).in_token()) {
      return ConfigError(Field() + "key", from.key(), "is not in a token");
    }
    RETURN_IF_ERROR(CheckWrapping(from.wrapping_key(), from.key()));
    RETURN_IF_ERROR(
        AddOutput(Field() + "name", absl::StrCat(from.name(), ".wrapped")));
    RETURN_IF_ERROR(
        AddOutput(Field() + "name", absl::StrCat(from.name(), ".pub.pem")));
    Push(BackUpKey{.name = from.name(),
                   .key = from.key(),
                   .wrapping_key = from.wrapping_key()});
    return absl::OkStatus();
  }

  absl::Status AddRestore(const CeremonyStep::RestoreKey& from) {
    kind_ = "restore_key";
    RETURN_IF_ERROR(CheckKeyPair(Field() + "key", from.key()));
    RETURN_IF_ERROR(CheckWrapping(from.wrapping_key(), from.key()));
    RETURN_IF_ERROR(
        rpc::RequireSet(Field() + "wrapped_file", from.wrapped_file()));
    RETURN_IF_ERROR(
        rpc::RequireSet(Field() + "public_key_file", from.public_key_file()));
    made_.insert(from.key());
    Push(RestoreKey{.key = from.key(),
                    .wrapping_key = from.wrapping_key(),
                    .wrapped_file = In(folder_, from.wrapped_file()),
                    .public_key_file = In(folder_, from.public_key_file())});
    return absl::OkStatus();
  }

  absl::Status AddDestroy(const std::string& key, const std::string& key_id) {
    RETURN_IF_ERROR(CheckKeyPair(Field() + "key", key));
    RETURN_IF_ERROR(CheckPresent(Field() + "key", key));
    if (plan_.keys.at(key).origin != KeyOrigin::kExists) {
      return ConfigError(Field() + "key", key,
                         "this very ceremony makes it: destroy it in another");
    }
    DestroyKey destroy{.key = key};
    ASSIGN_OR_RETURN(destroy.key_id, ReadSha256(Field() + "key_id", key_id));
    destroyed_.insert(key);
    Push(std::move(destroy));
    return absl::OkStatus();
  }

  absl::Status AddEndOfLife(const CeremonyStep::EndOfLife& from) {
    kind_ = "end_of_life";
    ASSIGN_OR_RETURN(MakeCrl crl, ReadCrl(Field() + "last_crl.",
                                          from.last_crl(), /*is_last=*/true));
    crl.issued_file = In(folder_, from.issued_file());
    crl.issued_count = from.issued_count();
    if (crl.issued_file.empty() != (crl.issued_count == 0)) {
      return ConfigError(Field() + "issued_count",
                         absl::StrCat(crl.issued_count),
                         "goes with issued_file");
    }
    RETURN_IF_ERROR(AddCrl(from.last_crl(), std::move(crl)));
    return AddDestroy(key_of_[from.last_crl().issuer()], from.key_id());
  }

  const config::Ceremony& from_;
  const std::string folder_;
  Plan plan_;
  int number_ = 0;                             // Of the step at hand,
  std::string kind_;                           // and what it is.
  std::map<std::string, std::string> key_of_;  // By certificate; may be empty.
  std::map<std::string, const char*> signs_;   // By key.
  std::set<std::string> used_, made_, destroyed_;
};

}  // namespace

absl::StatusOr<Plan> MakePlan(const config::Ceremony& ceremony,
                              const std::string& folder) {
  return Planner(ceremony, folder).Run();
}

}  // namespace chancery::cli::ceremony
