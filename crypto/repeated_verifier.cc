#include "crypto/repeated_verifier.h"

#include <utility>

#include "crypto/digest.h"

namespace chancery::crypto {

RepeatedVerifier::RepeatedVerifier(PublicKey key, TableBudget& budget)
    : key_(std::move(key)), budget_(budget) {}

RepeatedVerifier::~RepeatedVerifier() { delete table_.load(); }

const P256Table* RepeatedVerifier::Table(size_t signatures) const {
  const P256Table* const table = table_.load(std::memory_order_acquire);
  if (table != nullptr || key_.type() != KeyType::kEcP256) return table;
  const uint64_t before =
      verified_.fetch_add(signatures, std::memory_order_relaxed);
  // True of one caller only.
  if (before < kBeforeTable && before + signatures >= kBeforeTable &&
      budget_.Take()) {
    table_.store(P256Table::Make(key_).release(), std::memory_order_release);
  }
  return table_.load(std::memory_order_acquire);
}

std::vector<absl::Status> RepeatedVerifier::VerifyEach(
    SignatureAlgorithm algorithm, std::span<const Signed> all) const {
  std::vector<bool> verified(all.size());
  const P256Table* const table = Table(all.size());
  if (table != nullptr && algorithm == SignatureAlgorithm::kEcdsaSha256) {
    std::vector<P256Signed> digests;
    digests.reserve(all.size());
    for (const Signed& one : all) {
      digests.push_back(
          {.digest = Sha256(one.message), .signature = one.signature});
    }
    verified = table->Verify(digests);
  }
  std::vector<absl::Status> out(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    if (verified[i]) continue;
    out[i] = key_.Verify(algorithm, all[i].message, all[i].signature);
  }
  return out;
}

absl::Status RepeatedVerifier::Verify(SignatureAlgorithm algorithm,
                                      base::Bytes message,
                                      base::Bytes signature) const {
  const Signed one{.message = message, .signature = signature};
  return VerifyEach(algorithm, {&one, 1})[0];
}

}  // namespace chancery::crypto
