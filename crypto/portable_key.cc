#include "crypto/portable_key.h"

#include <openssl/x509.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/portable_key_state.h"
#include "crypto/private_key_writer.h"

namespace chancery::crypto {
namespace {

constexpr int kMinRsaBits = 1024;
constexpr int kMaxRsaBits = 8192;

absl::Status CheckType(EVP_PKEY* pkey) {
  switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return absl::OkStatus();
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: {
      const int bits = EVP_PKEY_get_bits(pkey);
      if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return absl::OkStatus();
      return absl::InvalidArgumentError(
          absl::StrCat("private key: RSA of ", bits, " bits: must have ",
                       kMinRsaBits, " to ", kMaxRsaBits));
    }
    default:
      return absl::UnimplementedError(
          "private key: its type is not supported: RSA, EC, Ed25519 or Ed448");
  }
}

// How many private keys there are in `pem`.
int CountKeys(absl::string_view pem) {
  constexpr absl::string_view kEnds = "PRIVATE KEY-----";
  int count = 0;
  for (size_t at = pem.find("-----BEGIN "); at != absl::string_view::npos;
       at = pem.find("-----BEGIN ", at + 1)) {
    const absl::string_view line = pem.substr(at, pem.find('\n', at) - at);
    if (line.find(kEnds) != absl::string_view::npos) ++count;
  }
  return count;
}

}  // namespace

PortableKey::PortableKey(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
PortableKey::PortableKey(PortableKey&&) noexcept = default;
PortableKey& PortableKey::operator=(PortableKey&&) noexcept = default;
PortableKey::~PortableKey() = default;

bool PortableKey::was_encrypted() const { return state_->encrypted; }

absl::StatusOr<PortableKey> MakePortableKey(ReadKey read) {
  RETURN_IF_ERROR(CheckType(read.pkey.get()));
  RETURN_IF_ERROR(CheckPair(read.pkey.get()));
  auto state = std::make_unique<PortableKey::State>();
  state->pkey = std::move(read.pkey);
  state->encrypted = read.encrypted;
  return PortableKey(std::move(state));
}

absl::StatusOr<PortableKey> PortableKey::FromPem(base::Bytes pem,
                                                 const base::Secret* password,
                                                 const PasswordLimits& limits) {
  if (const int count = CountKeys(base::AsText(pem)); count > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("holds ", count, " private keys: must hold one"));
  }
  PasswordBudget budget(limits);
  ASSIGN_OR_RETURN(ReadKey read, ReadPrivateKeyPem(pem, password, budget));
  return MakePortableKey(std::move(read));
}

absl::StatusOr<PortableKey> PortableKey::FromDer(base::Bytes der,
                                                 const base::Secret* password,
                                                 const PasswordLimits& limits) {
  PasswordBudget budget(limits);
  ASSIGN_OR_RETURN(ReadKey read, ReadPrivateKeyDer(der, password, budget));
  return MakePortableKey(std::move(read));
}

bool PortableKey::Matches(base::Bytes spki) const {
  const unsigned char* at = spki.data();
  const PKeyPtr other(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  const bool equal = other && EVP_PKEY_eq(state_->pkey.get(), other.get()) == 1;
  TakeOpenSslErrors();
  return equal;
}

absl::StatusOr<base::Secret> PortableKey::Encode(
    const Pkcs8Form& form, const base::Secret* password) const {
  return EncodePkcs8(state_->pkey.get(), form, password);
}

}  // namespace chancery::crypto
