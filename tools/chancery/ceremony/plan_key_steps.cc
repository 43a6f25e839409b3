#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_uri.h"
#include "rpc/config.h"
#include "tools/chancery/ceremony/certificate_fields.h"
#include "tools/chancery/ceremony/planner.h"

namespace chancery::cli::ceremony {
namespace {

using config::CeremonyStep;
using rpc::ConfigError;

}  // namespace

absl::Status Planner::AddGenerate(const CeremonyStep::GenerateKey& from) {
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
  Push(
      MakeKey{.key = from.key(), .extractable = from.extractable_under_wrap()});
  return absl::OkStatus();
}

absl::StatusOr<MakeKeySet::Manifest> Planner::ReadManifest(
    const CeremonyStep::KeySet::ManifestKey& from) {
  const std::string field = Field() + "manifest_key.";
  MakeKeySet::Manifest out{
      .key = from.key(),
      .public_key_file = InFolder(folder_, from.public_key_file()),
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

absl::Status Planner::AddKeySet(const CeremonyStep::KeySet& from) {
  kind_ = "key_set";
  MakeKeySet set{
      .name = from.name(),
      .version = from.version(),
      .epoch = from.epoch(),
      .signed_by = {from.signed_by().begin(), from.signed_by().end()},
      .threshold = from.threshold()};
  RETURN_IF_ERROR(CheckSlug(Field() + "name", set.name));
  if (set.version == 0 || set.epoch == 0) {
    return ConfigError(Field() + (set.version == 0 ? "version" : "epoch"), "0",
                       "must be at least 1");
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
    RETURN_IF_ERROR(
        CheckCertificate(Field() + "issuer.certificate", issuer.certificate()));
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
    set.other_root_files.push_back(InFolder(folder_, file));
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

absl::Status Planner::CheckWrapping(const std::string& wrapping,
                                    const std::string& key) {
  const std::string field = Field() + "wrapping_key";
  const auto found = plan_.keys.find(wrapping);
  if (found == plan_.keys.end() || !found->second.wraps) {
    return ConfigError(field, wrapping, "no key of type aes-256 has this name");
  }
  used_.insert(wrapping);
  RETURN_IF_ERROR(CheckPresent(field, wrapping));
  const auto token_of = [&](const std::string& name) {
    const crypto::KeySource& source = plan_.keys.at(name).source;
    const auto uri = crypto::ParsePkcs11Uri(source.pkcs11_uri);
    return absl::StrCat(
        uri->token, "\n", uri->serial, "\n", uri->model, "\n",
        uri->manufacturer, "\n",
        source.pkcs11_module.empty() ? uri->module_path : source.pkcs11_module);
  };
  if (token_of(wrapping) != token_of(key)) {
    return ConfigError(
        field, wrapping,
        absl::StrCat("names another token than that of \"", key, "\""));
  }
  return absl::OkStatus();
}

absl::Status Planner::AddBackup(const CeremonyStep::BackupKey& from) {
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

absl::Status Planner::AddRestore(const CeremonyStep::RestoreKey& from) {
  kind_ = "restore_key";
  RETURN_IF_ERROR(CheckKeyPair(Field() + "key", from.key()));
  RETURN_IF_ERROR(CheckWrapping(from.wrapping_key(), from.key()));
  RETURN_IF_ERROR(
      rpc::RequireSet(Field() + "wrapped_file", from.wrapped_file()));
  RETURN_IF_ERROR(
      rpc::RequireSet(Field() + "public_key_file", from.public_key_file()));
  made_.insert(from.key());
  Push(
      RestoreKey{.key = from.key(),
                 .wrapping_key = from.wrapping_key(),
                 .wrapped_file = InFolder(folder_, from.wrapped_file()),
                 .public_key_file = InFolder(folder_, from.public_key_file())});
  return absl::OkStatus();
}

absl::Status Planner::AddDestroy(const std::string& key,
                                 const std::string& key_id) {
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

absl::Status Planner::AddEndOfLife(const CeremonyStep::EndOfLife& from) {
  kind_ = "end_of_life";
  ASSIGN_OR_RETURN(MakeCrl crl, ReadCrl(Field() + "last_crl.", from.last_crl(),
                                        /*is_last=*/true));
  crl.issued_file = InFolder(folder_, from.issued_file());
  crl.issued_count = from.issued_count();
  if (crl.issued_file.empty() != (crl.issued_count == 0)) {
    return ConfigError(Field() + "issued_count", absl::StrCat(crl.issued_count),
                       "goes with issued_file");
  }
  RETURN_IF_ERROR(AddCrl(from.last_crl(), std::move(crl)));
  return AddDestroy(key_of_[from.last_crl().issuer()], from.key_id());
}

}  // namespace chancery::cli::ceremony
