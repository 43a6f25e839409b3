#include "crypto/digest_verification.h"

#include <openssl/err.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "crypto/digest_input.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key_state.h"
#include "crypto/signature_scheme.h"

namespace chancery::crypto {
absl::Status VerifyDigest(const PublicKey& key, const MessageDigest& digest,
                          base::Bytes signature) {
  if (!CanSignDigest(digest.algorithm()) ||
      !Fits(key.type(), digest.algorithm())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "signature algorithm ", Name(digest.algorithm()),
        " does not fit the key, ", Name(key.type()), ", or signs no digests"));
  }
  const PublicKey::State& state = key.state();
  const std::string input = DigestInput(digest);
  const PKeyContextPool::Lease context(state.verifiers, state.pkey());
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
