#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs8_form.h"
#include "crypto/private_key_reader.h"
#include "crypto/private_key_writer.h"
#include "crypto/secret_source.h"
#include "crypto/software_key.h"
#include "crypto/software_key_state.h"

namespace chancery::crypto {

absl::StatusOr<std::unique_ptr<SoftwareKey>> ParsePrivateKeyPem(
    base::Bytes pem, const base::Secret* password) {
  PasswordBudget budget{PasswordLimits()};
  ASSIGN_OR_RETURN(ReadKey read, ReadPrivateKeyPem(pem, password, budget));
  // Sizes first: the check below takes long on an absurd RSA key.
  ASSIGN_OR_RETURN(auto key, MakeSoftwareKey(std::move(read.pkey)));
  RETURN_IF_ERROR(CheckPair(key->state().pkey.get()));
  return key;
}

absl::StatusOr<base::Secret> EncodePkcs8Pem(const SoftwareKey& key,
                                            const base::Secret* password) {
  return EncodePkcs8(key.state().pkey.get(), Pkcs8Form(), password);
}

absl::StatusOr<std::unique_ptr<SoftwareKey>> LoadSoftwareKey(
    const std::string& path, const base::Secret* password) {
  ASSIGN_OR_RETURN(const base::Secret pem, ReadSecretFile(path));
  auto key = ParsePrivateKeyPem(base::AsBytes(pem.Reveal()), password);
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat(path, ": ", key.status().message()));
}

}  // namespace chancery::crypto
