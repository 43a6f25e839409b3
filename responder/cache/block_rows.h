// Keys of a block cache's rows. The prefixes are in the order in which the rows
// must be read: a block needs its templates, a delta its block.
#ifndef CHANCERY_RESPONDER_CACHE_BLOCK_ROWS_H_
#define CHANCERY_RESPONDER_CACHE_BLOCK_ROWS_H_

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "block/manifest.h"
#include "block/template.h"
#include "block/wire.h"

namespace chancery::responder {

inline constexpr char kTemplateRows[] = "1";  // + id: encoded template.
inline constexpr char kBlockRows[] = "2";     // + block id: encoded block.
inline constexpr char kDeltaRows[] = "3";     // + block id, version: delta.

inline std::string TemplateRow(const block::TemplateId& id) {
  std::string key = kTemplateRows;
  base::Append(key, id);
  return key;
}

inline std::string BlockRow(const block::BlockId& id) {
  std::string key = kBlockRows;
  base::Append(key, id);
  return key;
}

inline std::string DeltaRow(const block::BlockId& id, uint64_t version) {
  std::string key = kDeltaRows;
  base::Append(key, id);
  block::wire::PutInt(key, version);
  return key;
}

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_BLOCK_ROWS_H_
