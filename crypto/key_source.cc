#include "crypto/key_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "crypto/software_key.h"

namespace chancery::crypto {
namespace {

absl::Status CheckExpected(const SigningKey& key,
                           const std::optional<PublicKey>& expected,
                           const std::string& path) {
  if (!expected || key.public_key() == *expected) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": its public key is not the expected one"));
}

absl::StatusOr<std::unique_ptr<SigningKey>> OpenFile(
    const KeySource& source, const std::optional<PublicKey>& expected) {
  std::optional<base::Secret> password;
  if (!source.secret.empty()) {
    ASSIGN_OR_RETURN(password, ReadSecret(source.secret));
  }
  ASSIGN_OR_RETURN(
      std::unique_ptr<SigningKey> key,
      LoadSoftwareKey(source.file, password ? &*password : nullptr));
  RETURN_IF_ERROR(CheckExpected(*key, expected, source.file));
  return key;
}

// The URI with what the configuration says beside it.
absl::StatusOr<Pkcs11Uri> UriOf(const KeySource& source) {
  ASSIGN_OR_RETURN(Pkcs11Uri uri, ParsePkcs11Uri(source.pkcs11_uri));
  if (!source.pkcs11_module.empty()) {
    if (!uri.module_path.empty() && uri.module_path != source.pkcs11_module) {
      return absl::InvalidArgumentError(absl::StrCat(
          "PKCS#11 URI \"", uri.text, "\" names another module than the ",
          "configuration, ", source.pkcs11_module));
    }
    uri.module_path = source.pkcs11_module;
  }
  if (!source.secret.empty()) {
    if (!uri.pin.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("PKCS#11 URI \"", uri.text,
                       "\" has a pin-source, and the configuration another"));
    }
    uri.pin = source.secret;
  }
  return uri;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SigningKey>> KeyOpener::Open(
    const KeySource& source, const std::optional<PublicKey>& expected) {
  if (source.file.empty() == source.pkcs11_uri.empty()) {
    return absl::InvalidArgumentError(
        "a key is in a file or in a PKCS#11 token: name one");
  }
  if (!source.file.empty()) return OpenFile(source, expected);
  ASSIGN_OR_RETURN(const Pkcs11Uri uri, UriOf(source));
  ASSIGN_OR_RETURN(const auto token, TokenOf(uri, uri.pin));
  return token->OpenKey(uri, expected);
}

absl::StatusOr<std::shared_ptr<Pkcs11Token>> KeyOpener::OpenToken(
    const KeySource& source) {
  ASSIGN_OR_RETURN(const Pkcs11Uri uri, UriOf(source));
  return TokenOf(uri, uri.pin);
}

Pkcs11Token::Health KeyOpener::TokenHealth() {
  base::MutexLock lock(mu_);
  Pkcs11Token::Health sum;
  for (const auto& [identity, known] : tokens_) {
    if (known.token == nullptr) continue;
    const Pkcs11Token::Health one = known.token->health();
    sum.failing_keys += one.failing_keys;
    sum.connections += one.connections;
  }
  return sum;
}

absl::StatusOr<std::shared_ptr<Pkcs11Token>> KeyOpener::TokenOf(
    const Pkcs11Uri& uri, const SecretSource& pin) {
  // One at a time: two logins with a wrong PIN would be one too many.
  base::MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const std::string identity, Pkcs11Token::IdentityOf(uri));
  Known& known = tokens_[identity];
  if (known.token != nullptr) return known.token;
  RETURN_IF_ERROR(known.refused);
  if (pin.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PKCS#11 URI \"", uri.text,
                     "\" has no PIN: name a file or an environment variable"));
  }
  ASSIGN_OR_RETURN(base::Secret secret, ReadSecret(pin));
  auto token = Pkcs11Token::Open(uri, std::move(secret), options_);
  if (token.ok()) {
    known.token = *token;
  } else if (absl::IsPermissionDenied(token.status())) {
    known.refused = token.status();
  }
  return token;
}

}  // namespace chancery::crypto
