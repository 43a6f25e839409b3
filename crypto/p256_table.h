// Verifies many signatures of one P-256 key in half the time: of OpenSSL's 59
// us for one, 41 go into a multiple of the public key, as of any other. From a
// table of that key's multiples it takes 7. To make the table takes 22 ms, and
// 150 KiB, so it is for the few keys whose signatures are verified by the
// thousand: our own CAs'.
#ifndef CHANCERY_CRYPTO_P256_TABLE_H_
#define CHANCERY_CRYPTO_P256_TABLE_H_

#include <memory>
#include <span>
#include <vector>

#include "crypto/p256_signed.h"
#include "crypto/public_key.h"

namespace chancery::crypto {

// Immutable; thread-safe.
class P256Table {
 public:
  // Null of a key that is not P-256, or if OpenSSL made none.
  static std::unique_ptr<const P256Table> Make(const PublicKey& key);
  ~P256Table();
  P256Table(const P256Table&) = delete;
  P256Table& operator=(const P256Table&) = delete;

  // Of each whether it is the key's. Those that come together share an
  // inversion, which alone is a third of the time. False also if OpenSSL had no
  // memory.
  std::vector<bool> Verify(std::span<const P256Signed> all) const;

 private:
  struct State;
  explicit P256Table(std::unique_ptr<const State> state);
  const std::unique_ptr<const State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_P256_TABLE_H_
