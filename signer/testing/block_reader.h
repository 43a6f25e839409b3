#ifndef CHANCERY_SIGNER_TESTING_BLOCK_READER_H_
#define CHANCERY_SIGNER_TESTING_BLOCK_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "block/block.h"
#include "block/key_set.h"
#include "block/update.h"

namespace chancery::signer::testing {

// Knows of a signer what it was sent, as a responder does: verifies manifests
// under a pinned key set, applies deltas, serves what it holds. Every version
// it ever took is remembered. Not thread-safe.
class BlockReader {
 public:
  explicit BlockReader(block::KeySet pinned) : pinned_(std::move(pinned)) {}

  // PermissionDenied: the manifest is nobody's. DataLoss: it is not of these
  // records, or a second one of the same block and version.
  // FailedPrecondition: a delta from a version that is not held. OK for what is
  // older than what is held.
  absl::Status Take(const std::vector<block::Update>& updates);

  // The OCSPResponse; empty if no block has the serial.
  std::string Response(const std::string& serial,
                       size_t template_number = 0) const;
  // kEmpty without one.
  block::Record Record(const std::string& serial) const;
  // Null if it was never sent.
  const block::Block* Find(const std::string& block_id) const;

 private:
  absl::Status TakeOne(const block::Update& update);
  const block::Block* Locate(const std::string& serial, uint32_t& place) const;

  const block::KeySet pinned_;
  std::map<std::string, block::Block> blocks_;
  // (block, version) -> the manifest as signed.
  std::map<std::pair<std::string, uint64_t>, std::string> manifests_;
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_BLOCK_READER_H_
