#include "crypto/digest_verification.h"

#include <openssl/err.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "crypto/digest_input.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key_state.h"

namespace chancery::crypto {
namespace {

bool Fits(KeyType type, SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kEcdsaSha384:
      return type == KeyType::kEcP256 || type == KeyType::kEcP384 ||
             type == KeyType::kEcP521;
    case SignatureAlgorithm::kRsaSha256:
    case SignatureAlgorithm::kRsaSha384:
    case SignatureAlgorithm::kRsaSha512:
      return type == KeyType::kRsa;
    case SignatureAlgorithm::kEd25519:
      break;
  }
  return false;
}

}  // namespace

absl::Status VerifyDigest(const PublicKey& key, const MessageDigest& digest,
                          base::Bytes signature) {
  if (!Fits(key.type(), digest.algorithm())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "signature algorithm ", Name(digest.algorithm()),
        " does not fit the key, ", Name(key.type()), ", or signs no digests"));
  }
  const PublicKey::State& state = key.state();
  const std::string input = DigestInput(digest);
  const PKeyContextPool::Lease context(state.verifiers, state.pkey.get());
  // RFC 8017 section 8.2.2 step 1; OpenSSL takes shorter ones.
  const bool has_size =
      key.type() != KeyType::kRsa ||
      signature.size() == (static_cast<size_t>(key.bits()) + 7) / 8;
  if (has_size && context.get() != nullptr &&
      EVP_PKEY_verify(context.get(), signature.data(), signature.size(),
                      reinterpret_cast<const uint8_t*>(input.data()),
                      input.size()) == 1) {
    return absl::OkStatus();
  }
  ERR_clear_error();
  return absl::InvalidArgumentError("signature does not verify");
}

}  // namespace chancery::crypto
