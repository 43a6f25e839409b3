#ifndef CHANCERY_CRYPTO_REPEATED_VERIFIER_H_
#define CHANCERY_CRYPTO_REPEATED_VERIFIER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "crypto/p256_table.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// How many tables several verifiers may make in all. Thread-safe.
class TableBudget {
 public:
  explicit TableBudget(int tables) : left_(tables) {}
  // Whether one more may be made.
  bool Take() { return left_.fetch_sub(1, std::memory_order_relaxed) > 0; }

 private:
  std::atomic<int> left_;
};

// Verifies what one key signs, again and again. It makes a P256Table of the key
// once that will have been worth it; whichever call comes then takes 22 ms.
// Thread-safe.
class RepeatedVerifier {
 public:
  // As many signatures take as long to verify without a table as with one that
  // has to be made.
  static constexpr uint64_t kBeforeTable = 1000;

  // `budget` must outlive this object.
  RepeatedVerifier(PublicKey key, TableBudget& budget);
  ~RepeatedVerifier();
  RepeatedVerifier(const RepeatedVerifier&) = delete;
  RepeatedVerifier& operator=(const RepeatedVerifier&) = delete;

  struct Signed {
    base::Bytes message;
    base::Bytes signature;
  };

  // Of each as PublicKey::Verify, which has the last word on what does not
  // verify. Many at once cost less.
  std::vector<absl::Status> VerifyEach(SignatureAlgorithm algorithm,
                                       std::span<const Signed> all) const;
  absl::Status Verify(SignatureAlgorithm algorithm, base::Bytes message,
                      base::Bytes signature) const;

  bool has_table() const {
    return table_.load(std::memory_order_acquire) != nullptr;
  }

 private:
  // Null if there is none yet.
  const P256Table* Table(size_t signatures) const;

  const PublicKey key_;
  TableBudget& budget_;
  mutable std::atomic<uint64_t> verified_{0};
  // Owned; set once.
  mutable std::atomic<const P256Table*> table_{nullptr};
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_REPEATED_VERIFIER_H_
