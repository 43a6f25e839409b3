#include "tools/chancery/heat_strip.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "refresher/freshness_cell.h"

namespace chancery::cli {
namespace {

using refresher::FreshnessCell;

// Of xterm's palette: green over yellow to orange, by the tenth.
constexpr int kRamp[] = {22, 28, 34, 70, 106, 142, 178, 172, 166, 130};

struct Look {
  char mark;
  int background;
};

Look LookOf(const FreshnessCell& cell) {
  const int tenth = std::clamp(cell.percent / 10, 0, 9);
  switch (cell.kind) {
    case FreshnessCell::kFresh:
      return {static_cast<char>('0' + tenth), kRamp[tenth]};
    case FreshnessCell::kDue:
      return {'d', 208};
    case FreshnessCell::kOverdue:
      return {'!', 196};
    case FreshnessCell::kBehind:
      return {'<', 99};
    case FreshnessCell::kMissing:
      break;
  }
  return {'x', 240};
}

void Append(const Look& look, bool colour, std::string& out) {
  if (colour)
    absl::StrAppend(&out, "\x1b[38;5;231;48;5;", look.background, "m");
  out.push_back(look.mark);
}

std::string One(const FreshnessCell& cell, bool colour) {
  std::string out;
  Append(LookOf(cell), colour, out);
  if (colour) out += "\x1b[0m";
  return out;
}

}  // namespace

std::string HeatStrip(absl::string_view cells, bool colour) {
  std::string out;
  int last = -1;
  for (const char byte : cells) {
    const Look look = LookOf(FreshnessCell::Decode(static_cast<uint8_t>(byte)));
    // The colour is said only where it changes.
    Append(look, colour && look.background != last, out);
    last = look.background;
  }
  if (colour && !cells.empty()) out += "\x1b[0m";
  return out;
}

std::string HeatLegend(bool colour) {
  const auto one = [colour](FreshnessCell::Kind kind, int percent) {
    return One({.kind = kind, .percent = percent}, colour);
  };
  return absl::StrCat(
      one(FreshnessCell::kFresh, 0), " to ", one(FreshnessCell::kFresh, 90),
      " tenths of the validity have passed  ", one(FreshnessCell::kDue, 0),
      " due  ", one(FreshnessCell::kOverdue, 0), " overdue  ",
      one(FreshnessCell::kBehind, 0), " behind  ",
      one(FreshnessCell::kMissing, 0), " missing\n");
}

}  // namespace chancery::cli
