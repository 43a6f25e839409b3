// A block as the ledger holds it, and what signing it again starts from.
#ifndef CHANCERY_SIGNER_BLOCK_LOADER_H_
#define CHANCERY_SIGNER_BLOCK_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/block.h"
#include "block/manifest.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/state.h"

namespace chancery::signer {

struct LoadedBlock {
  block::Block block;
  size_t deltas = 0;  // That were stored after the whole one.
  // Of the whole one's manifest.
  uint64_t stored_ledger_size = 0;
};

// The block as last signed: the whole one and the deltas since. `block` is of
// the same view and was signed. NotFound: the ledger was caught up with its
// entries and never had the bytes. DataLoss: they do not lead to its version.
absl::StatusOr<LoadedBlock> LoadBlock(const State& state,
                                      const IssuerTable& issuers,
                                      const BlockState& block);

// The block's newest manifest, from the entry that has it. `block` is of the
// same view and was signed. DataLoss: no entry has it.
absl::StatusOr<block::Signed> NewestManifest(const State& state,
                                             const BlockState& block);

// All of it from one moment of the ledger.
struct BlockReading {
  BlockState block;
  // All, or, of a block that was signed before and not to be signed whole,
  // those that changed since.
  std::vector<CertificateState> members;
  uint64_t ledger_size = 0;
  absl::Time this_update;  // The second at which it was read.
  uint64_t epoch = 1;
};

// NotFound: no such block.
absl::StatusOr<BlockReading> ReadBlock(const Ledger& ledger,
                                       const std::string& block_id, bool whole);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_BLOCK_LOADER_H_
