#include "refresher/freshness_strip.h"

#include <algorithm>

#include "policy/br_revocation.h"

namespace chancery::refresher {
namespace {

FreshnessCell::Kind KindOf(const storage::BlockTimes& block,
                           const ResponderState& responder, absl::Time now) {
  if (responder.newest_version == 0) return FreshnessCell::kMissing;
  if (responder.lacking != nullptr) {
    const auto found = responder.lacking->find(block.block_id);
    if (found != responder.lacking->end()) {
      return found->second == 0 ? FreshnessCell::kMissing
                                : FreshnessCell::kBehind;
    }
  }
  // Versions are times: what was signed after the newest that it was given
  // cannot be there.
  if (!responder.caught_up && block.version > responder.newest_version) {
    return FreshnessCell::kBehind;
  }
  const absl::Time deadline =
      policy::br::OcspUpdateBy(block.this_update, block.next_update);
  if (now >= deadline || now >= block.next_update) {
    return FreshnessCell::kOverdue;
  }
  return now >= block.refresh_at ? FreshnessCell::kDue : FreshnessCell::kFresh;
}

int Percent(const storage::BlockTimes& block, absl::Time now) {
  const absl::Duration validity = block.next_update - block.this_update;
  if (validity <= absl::ZeroDuration()) return 100;
  const double part = absl::FDivDuration(now - block.this_update, validity);
  return static_cast<int>(std::clamp(part, 0.0, 1.0) * 100);
}

}  // namespace

std::string FreshnessStrip(std::vector<storage::BlockTimes> blocks,
                           const ResponderState& responder, absl::Time now) {
  std::sort(blocks.begin(), blocks.end(),
            [](const storage::BlockTimes& a, const storage::BlockTimes& b) {
              return a.block_id < b.block_id;
            });
  const size_t cells = std::min<size_t>(blocks.size(), kMaxFreshnessCells);
  std::string out;
  for (size_t cell = 0; cell < cells; ++cell) {
    FreshnessCell worst;
    for (size_t i = cell * blocks.size() / cells;
         i < (cell + 1) * blocks.size() / cells; ++i) {
      const FreshnessCell one{.kind = KindOf(blocks[i], responder, now),
                              .percent = Percent(blocks[i], now)};
      if (worst.IsBetterThan(one)) worst = one;
    }
    out.push_back(static_cast<char>(worst.Encode()));
  }
  return out;
}

}  // namespace chancery::refresher
