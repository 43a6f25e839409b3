// One cell of the strip that shows how fresh a responder is: some of its blocks
// that follow one another, by the worst of them. On the wire it is a byte.
#ifndef CHANCERY_REFRESHER_FRESHNESS_CELL_H_
#define CHANCERY_REFRESHER_FRESHNESS_CELL_H_

#include <algorithm>
#include <cstdint>

namespace chancery::refresher {

inline constexpr uint32_t kMaxFreshnessCells = 64;

struct FreshnessCell {
  // The later, the worse.
  enum Kind : uint8_t {
    kFresh = 0,
    kDue = 1,      // To be signed again.
    kOverdue = 2,  // Later than the Baseline Requirements allow.
    kBehind = 3,   // The responder has an older version.
    kMissing = 4,  // It has none.
  };
  Kind kind = kFresh;
  int percent = 0;  // Of the validity that has passed; even, 0 to 98.

  uint8_t Encode() const {
    return static_cast<uint8_t>(kind * 50 + std::clamp(percent, 0, 98) / 2);
  }
  // What is no cell is the worst.
  static FreshnessCell Decode(uint8_t byte) {
    return {.kind = static_cast<Kind>(std::min(byte / 50, 4)),
            .percent = byte % 50 * 2};
  }
  // Whether `other` is the one to show.
  bool IsBetterThan(const FreshnessCell& other) const {
    return Encode() < other.Encode();
  }
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FRESHNESS_CELL_H_
