#include "crypto/repeated_verifier.h"

#include <utility>

#include "crypto/digest.h"

namespace chancery::crypto {

RepeatedVerifier::RepeatedVerifier(PublicKey key, TableBudget& budget)
    : key_(std::move(key)), budget_(budget) {}

RepeatedVerifier::~RepeatedVerifier() { delete table_.load(); }

absl::Status RepeatedVerifier::Verify(SignatureAlgorithm algorithm,
                                      base::Bytes message,
                                      base::Bytes signature) const {
  const P256Table* const table = table_.load(std::memory_order_acquire);
  if (table != nullptr) {
    if (algorithm == SignatureAlgorithm::kEcdsaSha256 &&
        table->Verifies(Sha256(message), signature)) {
      return absl::OkStatus();
    }
  } else if (key_.type() == KeyType::kEcP256 &&
             // Of one caller only.
             verified_.fetch_add(1, std::memory_order_relaxed) ==
                 kBeforeTable &&
             budget_.Take()) {
    table_.store(P256Table::Make(key_).release(), std::memory_order_release);
  }
  return key_.Verify(algorithm, message, signature);
}

}  // namespace chancery::crypto
