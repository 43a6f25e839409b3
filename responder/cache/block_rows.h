// Keys of a block cache's rows. The prefixes are in the order in which the rows
// must be read: a block needs its templates, a delta its block.
#ifndef CHANCERY_RESPONDER_CACHE_BLOCK_ROWS_H_
#define CHANCERY_RESPONDER_CACHE_BLOCK_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "block/manifest.h"
#include "block/template.h"
#include "block/wire.h"
#include "crypto/digest.h"

namespace chancery::responder {

inline constexpr char kTemplateRows[] = "1";  // + id: encoded template.
inline constexpr char kBlockRows[] = "2";     // + block id: sealed block.
inline constexpr char kDeltaRows[] = "3";     // + block id, version: delta.
inline constexpr char kHeadRow[] = "4";       // The newest head and its index.
inline constexpr char kKeySetRow[] = "5";     // The key set's highest version.

inline std::string TemplateRow(const block::TemplateId& id) {
  std::string key = kTemplateRows;
  base::Append(key, id);
  return key;
}

// A block's row: the SHA-256 of the encoding, then the encoding. It was
// verified whole when it came; to know at the next start that it is the same is
// enough.
inline std::string SealRow(absl::string_view encoded) {
  std::string row;
  row.reserve(sizeof(crypto::Sha256Digest) + encoded.size());
  base::Append(row, crypto::Sha256(base::AsBytes(encoded)));
  row.append(encoded.data(), encoded.size());
  return row;
}

// DataLoss: not what was sealed.
inline absl::StatusOr<absl::string_view> UnsealRow(absl::string_view row) {
  constexpr size_t kSeal = sizeof(crypto::Sha256Digest);
  if (row.size() >= kSeal) {
    const absl::string_view encoded = row.substr(kSeal);
    if (base::Equal(crypto::Sha256(base::AsBytes(encoded)),
                    base::AsBytes(row.substr(0, kSeal)))) {
      return encoded;
    }
  }
  return absl::DataLossError("block: the row was changed");
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
