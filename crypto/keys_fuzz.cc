#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"

using chancery::base::AsBytes;
using chancery::base::Bytes;
using chancery::base::ToString;
namespace crypto = chancery::crypto;

// What parses must be usable and say the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);

  if (const auto key = crypto::PublicKey::FromSpki(bytes); key.ok()) {
    if (ToString(key->spki()) != ToString(bytes)) std::abort();
    key->Verify(crypto::SignatureAlgorithm::kEcdsaSha256, bytes, bytes)
        .IgnoreError();
  }

  // No password: the rounds of a key derivation are the file's to choose.
  if (const auto key = crypto::ParsePrivateKeyPem(bytes, nullptr); key.ok()) {
    if (!(*key)->Sign(bytes).ok()) std::abort();
  }

  if (const auto raw =
          crypto::EcdsaSignatureFromDer(bytes, crypto::kP256ScalarSize);
      raw.ok()) {
    const auto der = crypto::EcdsaSignatureToDer(AsBytes(*raw));
    if (!der.ok() || *der != ToString(bytes)) std::abort();
  }
  return 0;
}
