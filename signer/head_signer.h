#ifndef CHANCERY_SIGNER_HEAD_SIGNER_H_
#define CHANCERY_SIGNER_HEAD_SIGNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/head.h"
#include "crypto/signing_key.h"
#include "signer/block_signer.h"
#include "signer/ledger/ledger.h"
#include "signer/own_heads.h"

namespace chancery::signer {

// A head and what it says.
struct NewestHead {
  block::SignedHead bytes = {};
  block::Head head = {};
};

// Says how far the ledger and every block are (TRUST 3, 4): head and index from
// one moment of the ledger. Thread-safe; one head at a time.
class HeadSigner {
 public:
  struct Options {
    uint64_t key_set_version = 0;  // 0: not known.
    // Of a signer without a network: its heads are of a type of their own.
    bool offline = false;
    // Blocks of offline signers that the heads are to name, too. May be null.
    std::function<std::vector<std::pair<block::BlockId, uint64_t>>()> others =
        nullptr;
    // Where each head is remembered. May be null; must outlive the signer.
    OwnHeads* own_heads = nullptr;
  };

  // All must outlive this object.
  HeadSigner(Ledger& ledger, BlockSigner& blocks,
             const crypto::SigningKey& manifest_key, Options options)
      : ledger_(ledger),
        blocks_(blocks),
        manifest_key_(manifest_key),
        options_(std::move(options)) {}

  // A head of the ledger as it is now, later than all before it, which is kept
  // in the ledger's store before it is returned. Changes that wait in blocks
  // that were signed before are signed first.
  // FailedPrecondition "clock ...": as Ledger::Read, or the newest head is of a
  // later time. Unavailable: ledger or token.
  absl::StatusOr<std::shared_ptr<const NewestHead>> Sign();

  // The newest since the start; null before the first.
  std::shared_ptr<const NewestHead> Newest() const;

 private:
  // What `index_` and `unreflected_` lack, up to the view's moment.
  absl::Status CatchUp(const LedgerView& view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_);
  block::Index IndexOf() ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_);
  void SignPending() ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_);
  absl::StatusOr<block::Head> FactsOf(const LedgerView& view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_);
  absl::StatusOr<absl::Time> LastTime(const LedgerView& view)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_);

  Ledger& ledger_;
  BlockSigner& blocks_;
  const crypto::SigningKey& manifest_key_;
  const Options options_;

  base::Mutex signing_;
  // Of blocks with a response that lives.
  std::map<block::BlockId, uint64_t> index_ ABSL_GUARDED_BY(signing_);
  // Blocks with changes that no manifest reflects -> every entry before this
  // one is reflected in them.
  std::map<block::BlockId, uint64_t> unreflected_ ABSL_GUARDED_BY(signing_);
  // Entries before this one are in the two.
  uint64_t read_to_ ABSL_GUARDED_BY(signing_) = 0;

  mutable base::Mutex mu_;
  std::shared_ptr<const NewestHead> newest_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_HEAD_SIGNER_H_
