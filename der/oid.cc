#include "der/oid.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
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

// A decimal number below 2^64 in its shortest form, up to a dot or the end,
// which `text` then begins with.
bool TakeArc(absl::string_view& text, uint64_t& arc) {
  size_t digits = 0;
  arc = 0;
  for (; digits < text.size() && text[digits] != '.'; ++digits) {
    const uint64_t digit = static_cast<uint64_t>(text[digits]) - '0';
    if (digit > 9 || arc > (kMax - digit) / 10) return false;
    arc = 10 * arc + digit;
  }
  if (digits == 0 || (text[0] == '0' && digits > 1)) return false;
  text.remove_prefix(digits);
  return true;
}

void AppendDecimal(uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
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
      AppendDecimal(top, text);
      arc -= 40 * top;
    }
    text.push_back('.');
    AppendDecimal(arc, text);
    arc = 0;
  }
  if (fits) return text;
  return absl::StrCat("#", base::Hex(contents));
}

absl::StatusOr<std::string> OidFromText(absl::string_view dotted) {
  absl::InlinedVector<uint64_t, 16> arcs;
  for (absl::string_view rest = dotted;; rest.remove_prefix(1)) {
    if (!TakeArc(rest, arcs.emplace_back())) {
      return Invalid(dotted, "an arc is a decimal number below 2^64");
    }
    if (rest.empty()) break;
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
