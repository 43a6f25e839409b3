#include "tools/chancery/heat_strip.h"

#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

// kind * 50 + percent / 2, as proto/chancery/refresher/v1/publish.proto says.
constexpr char kCells[] = {0, 5, 49, 75, char(145), char(150), char(249)};

TEST(HeatStripTest, IsACharacterForEachCell) {
  EXPECT_EQ(HeatStrip({kCells, sizeof kCells}, false), "019d!<x");
  EXPECT_EQ(HeatStrip("", false), "");
  EXPECT_EQ(HeatStrip("", true), "");
}

TEST(HeatStripTest, ColoursChangeWhereCellsDo) {
  EXPECT_EQ(HeatStrip({"\x00\x00\x05", 3}, true),
            "\x1b[38;5;231;48;5;22m00\x1b[38;5;231;48;5;28m1\x1b[0m");
}

TEST(HeatStripTest, TheLegendHasEveryMark) {
  EXPECT_EQ(HeatLegend(false),
            "0 to 9 tenths of the validity have passed  d due  ! overdue  "
            "< behind  x missing\n");
  EXPECT_EQ(HeatLegend(true).find("d due"), std::string::npos);
}

}  // namespace
}  // namespace chancery::cli
