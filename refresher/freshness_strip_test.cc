#include "refresher/freshness_strip.h"

#include <map>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using ::testing::ElementsAre;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

// Valid for 96 h, due after 48; too late after 88 h less a second.
storage::BlockTimes Block(int number) {
  return {.block_id = "block" + std::to_string(1000 + number),
          .version = 100,
          .this_update = kStart,
          .next_update = kStart + absl::Hours(96) - absl::Seconds(1),
          .refresh_at = kStart + absl::Hours(48)};
}

ResponderState CaughtUp() {
  ResponderState state;
  state.caught_up = true;
  state.newest_version = 100;
  return state;
}

std::vector<std::string> Shown(const std::string& strip) {
  static constexpr const char* kNames[] = {"fresh", "due", "overdue", "behind",
                                           "missing"};
  std::vector<std::string> out;
  for (const char byte : strip) {
    const auto cell = FreshnessCell::Decode(static_cast<uint8_t>(byte));
    out.push_back(std::string(kNames[cell.kind]) + " " +
                  std::to_string(cell.percent));
  }
  return out;
}

TEST(FreshnessStripTest, ShowsHowMuchOfTheValidityHasPassed) {
  const auto at = [](int hours) {
    return Shown(
        FreshnessStrip({Block(1)}, CaughtUp(), kStart + absl::Hours(hours)));
  };
  EXPECT_THAT(at(0), ElementsAre("fresh 0"));
  EXPECT_THAT(at(24), ElementsAre("fresh 24"));  // 25, in steps of two.
  EXPECT_THAT(at(48), ElementsAre("due 50"));
  EXPECT_THAT(at(88), ElementsAre("overdue 90"));
  EXPECT_THAT(at(200), ElementsAre("overdue 98"));
}

TEST(FreshnessStripTest, ShowsWhatAResponderLacks) {
  ResponderState state = CaughtUp();
  state.caught_up = false;
  state.lacking = std::make_shared<const std::map<std::string, uint64_t>>(
      std::map<std::string, uint64_t>{{"block1001", 0}, {"block1002", 7}});
  storage::BlockTimes later = Block(4);
  later.version = 101;  // Since it was last seen.
  EXPECT_THAT(Shown(FreshnessStrip({later, Block(3), Block(2), Block(1)}, state,
                                   kStart)),
              ElementsAre("missing 0", "behind 0", "fresh 0", "behind 0"));
  EXPECT_THAT(Shown(FreshnessStrip({Block(1)}, ResponderState(), kStart)),
              ElementsAre("missing 0"));
}

TEST(FreshnessStripTest, ACellIsAsBadAsItsWorstBlock) {
  std::vector<storage::BlockTimes> blocks;
  for (int i = 0; i < 640; ++i) blocks.push_back(Block(i));
  blocks[25].refresh_at = kStart;
  const auto shown = Shown(FreshnessStrip(blocks, CaughtUp(), kStart));
  ASSERT_EQ(shown.size(), 64u);
  for (size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i], i == 2 ? "due 0" : "fresh 0") << i;
  }
}

TEST(FreshnessStripTest, WithoutBlocksThereAreNoCells) {
  EXPECT_EQ(FreshnessStrip({}, CaughtUp(), kStart), "");
}

TEST(FreshnessCellTest, IsAByte) {
  for (int byte = 0; byte < 250; ++byte) {
    const auto cell = FreshnessCell::Decode(static_cast<uint8_t>(byte));
    EXPECT_EQ(cell.Encode(), byte);
  }
  EXPECT_EQ(FreshnessCell::Decode(255).kind, FreshnessCell::kMissing);
}

}  // namespace
}  // namespace chancery::refresher
