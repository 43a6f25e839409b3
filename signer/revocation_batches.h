#ifndef CHANCERY_SIGNER_REVOCATION_BATCHES_H_
#define CHANCERY_SIGNER_REVOCATION_BATCHES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chancery::signer {

// A certificate that is to be revoked, and where its record is.
struct BlockMember {
  std::string serial = {};
  std::string block_id = {};
  uint32_t place = 0;
};

// What is recorded together, and the blocks that are to be signed after it.
struct RevocationBatch {
  std::vector<BlockMember> members = {};
  std::vector<std::string> sign = {};
};

// Divides a mass revocation so that transactions stay short and signing stays
// cheap: block by block, a signature for what changed in a block and no more.
//
// A block of which up to `max_delta` records change gets one delta (TRUST 4).
// For up to four times as many it gets several, one after the other, each with
// as few: signing the whole block would sign every record of it. With more than
// that it is signed whole, once, after the last of them was recorded.
// Thread-compatible.
class RevocationBatches {
 public:
  RevocationBatches(std::vector<BlockMember> members, size_t max_members,
                    size_t max_delta);

  // nullopt: that was all.
  std::optional<RevocationBatch> Next();

 private:
  // Members of one block that one signature covers.
  struct Portion {
    size_t begin = 0, end = 0;  // In members_.
  };
  const std::string& BlockOf(const Portion& portion) const {
    return members_[portion.begin].block_id;
  }

  const size_t max_members_;
  std::vector<BlockMember> members_;
  std::vector<Portion> portions_;  // In the order of recording.
  size_t next_ = 0;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_BATCHES_H_
