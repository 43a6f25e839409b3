#include "crypto/software_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "crypto/algorithm_of_key.h"
#include "crypto/openssl_handles.h"
#include "crypto/signed_input.h"
#include "crypto/software_key_state.h"
#include "crypto/spki.h"

namespace chancery::crypto {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 4096;

// A fault of memory or processor shows before long; verifying each signature
// would cost three times the signature.
constexpr uint64_t kVerifiedOneOf = 100;

// Of an RSA-4096 key; all others are smaller.
constexpr size_t kMaxSignature = kMaxRsaBits / 8;

absl::Status Internal(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", TakeOpenSslErrors()));
}

// Which of our curves an EC key is on, if it names the curve; nullopt of other
// keys.
std::optional<KeyType> NamedCurveOf(EVP_PKEY* pkey) {
  char curve[32], encoding[32];
  if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
                                     encoding, sizeof encoding, nullptr) != 1 ||
      absl::string_view(encoding) != OSSL_PKEY_EC_ENCODING_GROUP ||
      EVP_PKEY_get_group_name(pkey, curve, sizeof curve, nullptr) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  if (absl::string_view(curve) == SN_X9_62_prime256v1) return KeyType::kEcP256;
  if (absl::string_view(curve) == SN_secp384r1) return KeyType::kEcP384;
  return std::nullopt;
}

absl::StatusOr<PublicKey> PublicKeyOf(EVP_PKEY* pkey) {
  unsigned char* der = nullptr;
  // OpenSSL's encoder takes as long as a signature to be found: most keys go
  // without.
  if (const auto type = NamedCurveOf(pkey); type.has_value()) {
    const size_t size = EVP_PKEY_get1_encoded_public_key(pkey, &der);
    if (size == 0) return Internal("cannot encode the public key");
    const std::string spki = SpkiFromKeyBits(*type, {der, size});
    OPENSSL_free(der);
    return PublicKey::FromSpki(base::AsBytes(spki));
  }
  const int size = i2d_PUBKEY(pkey, &der);
  if (size <= 0) return Internal("cannot encode the public key");
  absl::StatusOr<PublicKey> key =
      PublicKey::FromSpki({der, static_cast<size_t>(size)});
  OPENSSL_free(der);
  return key;
}

absl::StatusOr<size_t> SignEd25519(EVP_PKEY* pkey, base::Bytes message,
                                   uint8_t* out) {
  const MdContextPtr context(EVP_MD_CTX_new());
  size_t size = kMaxSignature;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey) != 1 ||
      EVP_DigestSign(context.get(), out, &size, message.data(),
                     message.size()) != 1) {
    return Internal("cannot sign");
  }
  return size;
}

absl::StatusOr<size_t> SignInput(SoftwareKey::State& state,
                                 const SignedInput& input, uint8_t* out) {
  const PKeyContextPool::Lease context(state.signers, state.pkey.get());
  size_t size = kMaxSignature;
  if (context.get() == nullptr ||
      EVP_PKEY_sign(context.get(), out, &size, input.data(), input.size()) !=
          1) {
    return Internal("cannot sign");
  }
  return size;
}

}  // namespace

SoftwareKey::SoftwareKey(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
SoftwareKey::~SoftwareKey() = default;

const PublicKey& SoftwareKey::public_key() const { return state_->public_key; }
SignatureAlgorithm SoftwareKey::algorithm() const { return state_->algorithm; }

absl::StatusOr<std::string> SoftwareKey::Sign(base::Bytes message) const {
  uint8_t signature[kMaxSignature];
  ASSIGN_OR_RETURN(
      const size_t size,
      algorithm() == SignatureAlgorithm::kEd25519
          ? SignEd25519(state_->pkey.get(), message, signature)
          : SignInput(*state_, SignedInput(algorithm(), message), signature));
  const base::Bytes made(signature, size);
  if (state_->signatures.fetch_add(1, std::memory_order_relaxed) %
          kVerifiedOneOf ==
      0) {
    if (!public_key().Verify(algorithm(), message, made).ok()) {
      return absl::DataLossError(
          absl::StrCat("a signature made with a software key, ",
                       Name(public_key().type()), ", does not verify"));
    }
  }
  return base::ToString(made);
}

absl::StatusOr<std::unique_ptr<SoftwareKey>> MakeSoftwareKey(PKeyPtr pkey) {
  ASSIGN_OR_RETURN(PublicKey public_key, PublicKeyOf(pkey.get()));
  ASSIGN_OR_RETURN(const SignatureAlgorithm algorithm,
                   AlgorithmOf(public_key.type()));
  if (public_key.type() == KeyType::kRsa &&
      (public_key.bits() < kMinRsaBits || public_key.bits() > kMaxRsaBits)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "RSA private key of ", public_key.bits(), " bits: ", kMinRsaBits,
        " to ", kMaxRsaBits, " are supported"));
  }
  return std::make_unique<SoftwareKey>(std::make_unique<SoftwareKey::State>(
      std::move(pkey), std::move(public_key), algorithm));
}

absl::Status CheckKeySpec(const KeySpec& spec) {
  RETURN_IF_ERROR(AlgorithmOf(spec.type).status());
  if (spec.type != KeyType::kRsa) {
    if (spec.bits == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "bits = ", spec.bits, ": only RSA keys have a size to choose, not ",
        Name(spec.type)));
  }
  if (spec.bits < kMinRsaBits || spec.bits > kMaxRsaBits ||
      spec.bits % 8 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "RSA bits = ", spec.bits, ": must be a multiple of 8 from ",
        kMinRsaBits, " to ", kMaxRsaBits));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SoftwareKey>> GenerateKey(const KeySpec& spec) {
  RETURN_IF_ERROR(CheckKeySpec(spec));
  PKeyPtr pkey;
  switch (spec.type) {
    case KeyType::kEcP256:
      pkey.reset(EVP_EC_gen("P-256"));
      break;
    case KeyType::kEcP384:
      pkey.reset(EVP_EC_gen("P-384"));
      break;
    case KeyType::kRsa:
      pkey.reset(EVP_RSA_gen(static_cast<unsigned>(spec.bits)));
      break;
    default:
      pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  if (!pkey) return Internal("cannot generate a key");
  return MakeSoftwareKey(std::move(pkey));
}

}  // namespace chancery::crypto
