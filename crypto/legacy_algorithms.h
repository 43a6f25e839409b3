// Algorithms that only old files still need: RC2, RC4, single DES, MD2.
#ifndef CHANCERY_CRYPTO_LEGACY_ALGORITHMS_H_
#define CHANCERY_CRYPTO_LEGACY_ALGORITHMS_H_

#include <openssl/provider.h>
#include <openssl/types.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/statusor.h"
#include "crypto/openssl_handles.h"

namespace chancery::crypto {

// Opens OpenSSL's "legacy" provider, in a context of its own, when it is first
// needed: nothing else in the process can then use those. Thread-compatible.
class LegacyAlgorithms {
 public:
  LegacyAlgorithms() = default;

  // The library context to decrypt `algorithm` in; null is the usual one.
  // Unimplemented: the provider is not installed.
  absl::StatusOr<OSSL_LIB_CTX*> ContextFor(const X509_ALGOR& algorithm);

 private:
  // Unloaded before the context that they are loaded into goes.
  std::unique_ptr<OSSL_LIB_CTX, OpenSslFree<OSSL_LIB_CTX_free>> context_;
  std::unique_ptr<OSSL_PROVIDER, OpenSslFree<OSSL_PROVIDER_unload>> usual_;
  std::unique_ptr<OSSL_PROVIDER, OpenSslFree<OSSL_PROVIDER_unload>> legacy_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_LEGACY_ALGORITHMS_H_
