// What changed in a block: records with the proof that nothing else did.
#ifndef CHANCERY_BLOCK_DELTA_H_
#define CHANCERY_BLOCK_DELTA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "block/manifest.h"
#include "block/record.h"
#include "merkle/tree.h"

namespace chancery::block {

struct Change {
  uint32_t place = 0;
  Record record;  // With its own times.
};

// Leads from manifest.base_version to manifest.version (TRUST 4).
struct Delta {
  Signed signed_manifest;
  Manifest manifest;                 // What signed_manifest.message says.
  std::vector<Change> changes = {};  // By place, ascending.
  std::vector<merkle::Hash> proof =
      {};  // merkle/multiproof.h, over record leaves.

  std::string Encode() const;
  // InvalidArgument unless Encode made it. Nothing is verified.
  static absl::StatusOr<Delta> Parse(base::Bytes encoded);
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_DELTA_H_
