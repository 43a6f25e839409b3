#include "signer/revocation_batches.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace chancery::signer {
namespace {

constexpr size_t kMaxDeltas = 4;

}  // namespace

RevocationBatches::RevocationBatches(std::vector<BlockMember> members,
                                     size_t max_members, size_t max_delta)
    : max_members_(max_members), members_(std::move(members)) {
  std::sort(members_.begin(), members_.end(),
            [](const BlockMember& a, const BlockMember& b) {
              return std::tie(a.block_id, a.place) <
                     std::tie(b.block_id, b.place);
            });
  // Portions of one block are rounds apart: each is signed before the next.
  std::vector<std::vector<Portion>> rounds(kMaxDeltas);
  for (size_t begin = 0; begin < members_.size();) {
    size_t end = begin;
    while (end < members_.size() &&
           members_[end].block_id == members_[begin].block_id) {
      ++end;
    }
    const bool whole = end - begin > kMaxDeltas * max_delta;
    const size_t size = whole ? end - begin : max_delta;
    for (size_t round = 0; begin < end; ++round, begin += size) {
      rounds[round].push_back(
          {.begin = begin, .end = std::min(begin + size, end)});
    }
    begin = end;
  }
  for (const std::vector<Portion>& round : rounds) {
    portions_.insert(portions_.end(), round.begin(), round.end());
  }
}

std::optional<RevocationBatch> RevocationBatches::Next() {
  if (next_ == portions_.size()) return std::nullopt;
  RevocationBatch batch;
  std::set<std::string> blocks;
  while (next_ < portions_.size() && batch.members.size() < max_members_) {
    Portion& portion = portions_[next_];
    if (!blocks.insert(BlockOf(portion)).second) break;
    const size_t left = max_members_ - batch.members.size();
    const size_t end = std::min(portion.end, portion.begin + left);
    // A delta is not torn in two; a block that is signed whole may be.
    if (end < portion.end && !batch.members.empty()) break;
    const bool complete = end == portion.end;
    if (complete) batch.sign.push_back(BlockOf(portion));
    for (; portion.begin < end; ++portion.begin) {
      batch.members.push_back(members_[portion.begin]);
    }
    if (complete) ++next_;
  }
  return batch;
}

}  // namespace chancery::signer
