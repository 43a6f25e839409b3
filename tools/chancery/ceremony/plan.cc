#include "tools/chancery/ceremony/plan.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_uri.h"
#include "rpc/config.h"
#include "signer/lint_settings.h"
#include "tools/chancery/ceremony/certificate_fields.h"
#include "tools/chancery/ceremony/planner.h"
#include "tools/chancery/init/init_options.h"

namespace chancery::cli::ceremony {
namespace {

using config::CeremonyStep;
using rpc::ConfigError;

constexpr char kWrappingType[] = "aes-256";

}  // namespace

std::string InFolder(const std::string& folder, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

absl::StatusOr<Plan> Planner::Run() {
  RETURN_IF_ERROR(CheckSlug("id", from_.id()));
  plan_.id = from_.id();
  RETURN_IF_ERROR(rpc::RequireSet("output_dir", from_.output_dir()));
  plan_.output_dir = InFolder(folder_, from_.output_dir());
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

absl::StatusOr<crypto::KeySource> Planner::ReadSource(
    const std::string& field, const config::KeySource& from) {
  crypto::KeySource source{
      .file = from.file(),
      .pkcs11_uri = from.pkcs11_uri(),
      .pkcs11_module = from.pkcs11_module(),
      .secret = {.file = InFolder(folder_, from.pin_file()),
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
    source.file = InFolder(folder_, source.file);
    return source;
  }
  const auto uri = crypto::ParsePkcs11Uri(source.pkcs11_uri);
  if (!uri.ok()) {
    return ConfigError(field + "pkcs11_uri", source.pkcs11_uri,
                       uri.status().message());
  }
  if (uri->object.empty() || uri->id.empty()) {
    return ConfigError(field + "pkcs11_uri", source.pkcs11_uri,
                       "a key of a ceremony is named by both object= and id=");
  }
  if (uri->module_path.empty() && source.pkcs11_module.empty()) {
    return ConfigError(field + "pkcs11_module", "", "is required");
  }
  return source;
}

absl::Status Planner::AddKey(const config::Ceremony::Key& from) {
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

absl::Status Planner::FindOrigins() {
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
    RETURN_IF_ERROR(
        AddOutput(absl::StrCat("key \"", name, "\".source.file"), key.output));
  }
  return absl::OkStatus();
}

absl::Status Planner::AddOutput(const std::string& field,
                                const std::string& name) {
  const bool plain =
      !name.empty() && name[0] != '.' && name.size() <= 100 &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
               c == '-' || c == '_';
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

absl::Status Planner::AddKnown(const config::Ceremony::Certificate& from) {
  RETURN_IF_ERROR(CheckSlug("certificate.name", from.name()));
  const std::string field = absl::StrCat("certificate \"", from.name(), "\".");
  RETURN_IF_ERROR(rpc::RequireSet(field + "file", from.file()));
  KnownCertificate known{.file = InFolder(folder_, from.file()),
                         .key = from.key()};
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

absl::Status Planner::AddOperators() {
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
        .public_key_file = InFolder(folder_, from.public_key_file())};
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

absl::StatusOr<Plan> MakePlan(const config::Ceremony& ceremony,
                              const std::string& folder) {
  return Planner(ceremony, folder).Run();
}

}  // namespace chancery::cli::ceremony
