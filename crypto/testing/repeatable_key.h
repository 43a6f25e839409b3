#ifndef CHANCERY_CRYPTO_TESTING_REPEATABLE_KEY_H_
#define CHANCERY_CRYPTO_TESTING_REPEATABLE_KEY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "crypto/software_key.h"

namespace chancery::crypto::testing {

// A P-256 key that is the same in each run of a test, and so is what it signs:
// its nonces follow from key and message (RFC 6979). Whoever knows its scalar
// knows it: for tests alone. Thread-safe.
//
//   RepeatableKey key = RepeatableKey::Named("the CA");
class RepeatableKey final : public SigningKey {
 public:
  // Of 32 bytes, big-endian, between 0 and the order of the curve; ends the
  // process otherwise.
  explicit RepeatableKey(base::Bytes scalar);
  // The scalar is the name's SHA-256.
  static std::shared_ptr<const RepeatableKey> Named(absl::string_view name);
  ~RepeatableKey() override;

  // The same key, which signs with nonces of its own.
  const std::shared_ptr<const SoftwareKey>& software_key() const {
    return software_key_;
  }

  const PublicKey& public_key() const override {
    return software_key_->public_key();
  }
  SignatureAlgorithm algorithm() const override {
    return SignatureAlgorithm::kEcdsaSha256;
  }
  absl::StatusOr<std::string> Sign(base::Bytes message) const override;

 private:
  struct Curve;

  const std::string scalar_;
  const std::shared_ptr<const SoftwareKey> software_key_;
  const std::unique_ptr<const Curve> curve_;
};

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_REPEATABLE_KEY_H_
