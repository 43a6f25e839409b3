// What moves one block forward, as it travels: see proto/chancery/block/v1.
#ifndef CHANCERY_BLOCK_UPDATE_H_
#define CHANCERY_BLOCK_UPDATE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace chancery::block {

// A whole block, or a delta that applies to exactly `base_version`.
struct Update {
  std::string block_id = {};  // 16 bytes.
  uint64_t version = 0;       // What the block has once this is applied.
  uint64_t base_version = 0;  // Of a delta; 0 says that this is a whole block.
  std::string content = {};   // Encoded block or delta (FORMAT.md).
  std::vector<std::string> templates = {};  // Encoded; what its records need.

  bool is_delta() const { return base_version != 0; }
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_UPDATE_H_
