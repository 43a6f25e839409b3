#ifndef CHANCERY_SIGNER_ROOT_SIGNER_H_
#define CHANCERY_SIGNER_ROOT_SIGNER_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "crypto/signing_key.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// Vouches for what those who follow the ledger are given, so that they can give
// it back: a signed root of exactly the entries that they have then.
// Thread-safe.
class RootSigner {
 public:
  // Both must outlive this object.
  RootSigner(const Ledger& ledger, const crypto::SigningKey& manifest_key)
      : ledger_(ledger), manifest_key_(manifest_key) {}

  // Of the ledger's first `size` entries (block::SignLedgerRoot). Asked for the
  // same size again, what was signed then. OutOfRange: there are not so many.
  // Otherwise as Ledger::Read and SigningKey::Sign.
  absl::StatusOr<std::string> Sign(uint64_t size);

 private:
  const Ledger& ledger_;
  const crypto::SigningKey& manifest_key_;

  base::Mutex mu_;
  uint64_t last_size_ ABSL_GUARDED_BY(mu_) = 0;
  std::string last_ ABSL_GUARDED_BY(mu_);  // Empty: none yet.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ROOT_SIGNER_H_
