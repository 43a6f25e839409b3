// What a block's next version says, before anything of it is signed. Pure
// functions of what the ledger says and of the version that is replaced.
#ifndef CHANCERY_SIGNER_BLOCK_RENEWAL_H_
#define CHANCERY_SIGNER_BLOCK_RENEWAL_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "block/block.h"
#include "block/manifest.h"
#include "block/record.h"
#include "signer/block_loader.h"
#include "signer/issuer.h"

namespace chancery::signer {

// A block's next version.
struct Renewal {
  // By place, unsigned where they are new. Of a delta only those that changed:
  // the others are empty here.
  std::vector<block::Record> records = {};
  std::vector<uint32_t> changed = {};  // Places, ascending.
  // Of what is replaced: the next must be a second younger (TRUST 2.8).
  absl::Time youngest = absl::InfinitePast();

  // Those of `records` that want a signature; they point into this object.
  std::vector<block::Record*> ToSign();
};

// `held` is the block as last signed, null before the first time; `reading` has
// all its members if it is to be signed `whole`.
Renewal Renew(const Issuer& issuer, const BlockReading& reading,
              const block::Block* held, bool whole);

// All of a manifest but its version and what follows from the records.
block::Manifest FactsOf(const Issuer& issuer, const BlockReading& reading,
                        const block::Block* held);

// When the block wants to be signed again: never once nothing in it needs it.
absl::Time RefreshAt(const Issuer& issuer,
                     const std::vector<block::Record>& records,
                     absl::Time this_update);

// Whether a record of one block can stand in the other.
bool SameTemplates(const block::Templates& a, const block::Templates& b);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_BLOCK_RENEWAL_H_
