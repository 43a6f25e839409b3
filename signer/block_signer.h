#ifndef CHANCERY_SIGNER_BLOCK_SIGNER_H_
#define CHANCERY_SIGNER_BLOCK_SIGNER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "block/block.h"
#include "crypto/signing_key.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "signer/signing_threads.h"

namespace chancery::signer {

struct ListedBlock {
  std::string block_id = {};
  std::string issuer_id = {};
  uint64_t version = 0;
  absl::Time refresh_at = absl::InfiniteFuture();
  // It lives, and its manifest is signed by another key than signs now: who
  // trusts only in the present one believes it once it was signed again.
  bool by_former_key = false;
};

struct BlockList {
  std::vector<ListedBlock> blocks = {};
  uint64_t ledger_size = 0;
};

// Signs OCSP records, block by block (TRUST 2.6, 2.8, 4, 5). The caller names a
// block; members, statuses, times and the version come from the ledger. What is
// returned is in the ledger. Thread-safe: one signing at a time for a block,
// blocks side by side.
class BlockSigner {
 public:
  struct Options {
    // Sign the records of all blocks; must outlive the signer. Null: each in
    // its caller's thread.
    SigningThreads* threads = nullptr;
    // Returns at `when` or later: a record must be a second younger than the
    // one it replaces. Tests move their clock instead of waiting.
    std::function<void(absl::Time when)> wait_until;
    // Blocks whose state is kept decoded, about a megabyte each if they are
    // large; others are read again from the ledger.
    size_t max_decoded = 256;
  };

  // All must outlive this object.
  BlockSigner(Ledger& ledger, const IssuerTable& issuers,
              const crypto::SigningKey& manifest_key, const base::Clock& clock,
              Options options);
  ~BlockSigner();

  // Signs every live record of the block again. NotFound: no such block.
  absl::StatusOr<BlockUpdates> SignBlock(const std::string& block_id);

  // Signs what the ledger says of members and the block does not yet. The
  // updates are the block's versions that reflect the entry at `index`; callers
  // that come together share one manifest.
  absl::StatusOr<BlockUpdates> SignPending(const std::string& block_id,
                                           uint64_t index);

  // As SignPending, after a revocation. TRUST 4: "Deltas of a block within 10
  // ms share one manifest": one that comes sooner after the last waits for that
  // long, with all that come meanwhile, so that a flood of revocations makes a
  // hundred manifests of a block in a second and no more. New certificates do
  // not wait: one client that asks for one after another would always be late.
  absl::StatusOr<BlockUpdates> SignRevoked(const std::string& block_id,
                                           uint64_t index);

  // As last signed, with nothing left pending: deltas when they lead from
  // `have_version`, else the whole block; nothing when it is the present one.
  absl::StatusOr<BlockUpdates> GetBlock(const std::string& block_id,
                                        uint64_t have_version);

  // Blocks changed by entries from ledger index `since` on.
  absl::StatusOr<BlockList> ListBlocks(uint64_t since);

 private:
  struct Slot;
  struct Shared;
  const std::unique_ptr<Shared> shared_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_BLOCK_SIGNER_H_
