#include "signer/ocsp_token_keys.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/token_facts.h"
#include "signer/ocsp_key_name.h"

namespace chancery::signer {
namespace {

constexpr char kStem[] = "ocsp";

absl::StatusOr<crypto::Pkcs11Uri> UriOf(const crypto::KeySource& token) {
  if (!token.file.empty() || token.pkcs11_uri.empty()) {
    return absl::InvalidArgumentError(
        "pkcs11_uri names the token that the keys are made in; without `key` "
        "they are files in `folder`");
  }
  ASSIGN_OR_RETURN(crypto::Pkcs11Uri uri,
                   crypto::ParsePkcs11Uri(token.pkcs11_uri));
  if (!uri.id.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "PKCS#11 URI \"", uri.text,
        "\" names a key (id): name the token, and at most an object, which the "
        "labels of the keys then begin with"));
  }
  return uri;
}

}  // namespace

absl::Status OcspTokenKeys::CheckToken(const crypto::KeySource& token) {
  return UriOf(token).status();
}

absl::StatusOr<std::unique_ptr<OcspTokenKeys>> OcspTokenKeys::Open(
    const crypto::KeySource& token, crypto::KeyOpener& opener) {
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(token));
  ASSIGN_OR_RETURN(auto opened, opener.OpenToken(token));
  return std::unique_ptr<OcspTokenKeys>(new OcspTokenKeys(
      std::move(opened), uri.object.empty() ? kStem : uri.object));
}

crypto::Pkcs11Uri OcspTokenKeys::NameOf(absl::Time created) const {
  crypto::Pkcs11Uri name;
  name.object = OcspKeyName(stem_, created);
  name.id = name.object;
  return name;
}

absl::StatusOr<OcspPrivateKeys::ByTime> OcspTokenKeys::Load() {
  ASSIGN_OR_RETURN(const std::vector<crypto::TokenKey> all, token_->ListKeys());
  ByTime keys;
  for (const crypto::TokenKey& one : all) {
    const auto created = ParseOcspKeyName(stem_, one.label);
    if (!created.has_value() || one.id != one.label) continue;
    const crypto::Pkcs11Uri name = NameOf(*created);
    if (one.private_half) {
      auto key = token_->OpenKey(name, std::nullopt);
      if (key.ok()) {
        keys[*created] = *std::move(key);
        continue;
      }
      // Without its public half nobody can have certified it.
      if (!absl::IsNotFound(key.status())) return key.status();
    }
    RETURN_IF_ERROR(token_->DestroyHalfKey(name));
  }
  return keys;
}

absl::StatusOr<std::shared_ptr<const crypto::SigningKey>> OcspTokenKeys::Make(
    absl::Time created, const crypto::KeySpec& spec) {
  const crypto::Pkcs11Uri name = NameOf(created);
  ASSIGN_OR_RETURN(const crypto::PublicKey made,
                   token_->GenerateKey(spec, name.object, name.id));
  ASSIGN_OR_RETURN(auto key, token_->OpenKey(name, made));
  return std::shared_ptr<const crypto::SigningKey>(std::move(key));
}

absl::Status OcspTokenKeys::Destroy(absl::Time created,
                                    const crypto::PublicKey& key) {
  const crypto::Pkcs11Uri name = NameOf(created);
  const absl::Status destroyed = token_->DestroyKey(name, key);
  if (!absl::IsNotFound(destroyed)) return destroyed;
  // An earlier attempt ended half way.
  return token_->DestroyHalfKey(name);
}

}  // namespace chancery::signer
