#include "der/oid.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/encoding.h"

namespace chancery::der {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// Base 128, most significant first, the top bit set on all but the last.
void AppendArc(uint64_t arc, std::string& out) {
  int shift = 63;
  while (shift > 0 && arc >> shift == 0) shift -= 7;
  for (; shift > 0; shift -= 7) {
    out.push_back(static_cast<char>(0x80 | (arc >> shift & 0x7f)));
  }
  out.push_back(static_cast<char>(arc & 0x7f));
}

absl::Status Invalid(absl::string_view dotted, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("OID \"", dotted, "\": ", rule));
}

}  // namespace

bool IsOid(base::Bytes contents) {
  if (contents.empty() || contents.back() >= 0x80) return false;
  bool first = true;  // Of an arc.
  for (uint8_t octet : contents) {
    if (first && octet == 0x80) return false;
    first = octet < 0x80;
  }
  return true;
}

std::string OidToText(base::Bytes contents) {
  std::string text;
  uint64_t arc = 0;
  bool fits = IsOid(contents);
  for (uint8_t octet : contents) {
    if (arc > kMax >> 7) fits = false;
    if (!fits) break;
    arc = arc << 7 | (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (text.empty()) {
      // The first two arcs share one number: 40 times the first, at most 2.
      const uint64_t top = arc < 80 ? arc / 40 : 2;
      text = absl::StrCat(top, ".", arc - 40 * top);
    } else {
      absl::StrAppend(&text, ".", arc);
    }
    arc = 0;
  }
  if (fits) return text;
  return absl::StrCat("#", base::Hex(contents));
}

absl::StatusOr<std::string> OidFromText(absl::string_view dotted) {
  std::vector<uint64_t> arcs;
  for (absl::string_view part : absl::StrSplit(dotted, '.')) {
    uint64_t arc = 0;
    if (!absl::SimpleAtoi(part, &arc) || absl::StrCat(arc) != part) {
      return Invalid(dotted, "an arc is a decimal number below 2^64");
    }
    arcs.push_back(arc);
  }
  if (arcs.size() < 2) return Invalid(dotted, "it needs two arcs or more");
  if (arcs[0] > 2) return Invalid(dotted, "the first arc is 0, 1 or 2");
  if (arcs[0] < 2 && arcs[1] > 39) {
    return Invalid(dotted, "the second arc under 0 or 1 is at most 39");
  }
  if (arcs[1] > kMax - 80) return Invalid(dotted, "the second arc is too big");
  std::string contents;
  AppendArc(40 * arcs[0] + arcs[1], contents);
  for (size_t i = 2; i < arcs.size(); ++i) AppendArc(arcs[i], contents);
  return contents;
}

}  // namespace chancery::der
