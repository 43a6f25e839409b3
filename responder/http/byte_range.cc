#include "responder/http/byte_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "responder/http/http_date.h"

namespace chancery::responder {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// 1*DIGIT from the front of `in`; what does not fit is the greatest that does.
std::optional<uint64_t> TakeNumber(absl::string_view& in) {
  uint64_t value = 0;
  size_t digits = 0;
  for (; digits < in.size() &&
         absl::ascii_isdigit(static_cast<unsigned char>(in[digits]));
       ++digits) {
    const uint64_t digit = static_cast<uint64_t>(in[digits] - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  if (digits == 0) return std::nullopt;
  in.remove_prefix(digits);
  return value;
}

bool TakeUnit(absl::string_view& in) {
  constexpr absl::string_view kBytes = "bytes=";
  // Section 14.1: "range units are case-insensitive".
  if (!absl::StartsWithIgnoreCase(in, kBytes)) return false;
  in.remove_prefix(kBytes.size());
  return true;
}

}  // namespace

ChosenRange ChooseRange(absl::string_view field, uint64_t size) {
  using Kind = ChosenRange::Kind;
  const ChosenRange whole;
  const ChosenRange unsatisfiable{.kind = Kind::kUnsatisfiable};
  absl::string_view in = absl::StripAsciiWhitespace(field);
  if (!TakeUnit(in)) return whole;
  const std::optional<uint64_t> first = TakeNumber(in);
  if (in.empty() || in.front() != '-') return whole;
  in.remove_prefix(1);
  const std::optional<uint64_t> last = TakeNumber(in);
  if (!in.empty()) return whole;

  // suffix-range = "-" suffix-length
  if (!first.has_value()) {
    if (!last.has_value()) return whole;
    // Section 14.1.2: "a suffix-range is satisfiable if the suffix-length is
    // non-zero".
    if (*last == 0) return unsatisfiable;
    const uint64_t length = std::min(*last, size);
    return {.kind = Kind::kPart, .first = size - length, .size = length};
  }
  // int-range = first-pos "-" [ last-pos ]
  // Section 14.1.1: "An int-range is invalid if the last-pos value is present
  // and less than first-pos".
  if (last.has_value() && *last < *first) return whole;
  if (*first >= size) return unsatisfiable;
  const uint64_t end = std::min(last.value_or(size), size - 1);
  return {.kind = Kind::kPart, .first = *first, .size = end - *first + 1};
}

bool RangeApplies(const HttpRequest& request, absl::string_view etag,
                  absl::Time last_modified) {
  if (request.range.empty() || request.method != HttpMethod::kGet) return false;
  if (request.if_range.empty()) return true;
  const absl::string_view condition =
      absl::StripAsciiWhitespace(request.if_range);
  // "using the strong comparison function": W/"..." never matches.
  if (condition.find('"') != absl::string_view::npos) return condition == etag;
  const std::optional<absl::Time> date = ParseHttpDate(condition, request.now);
  return date.has_value() &&
         absl::ToUnixSeconds(*date) == absl::ToUnixSeconds(last_modified);
}

}  // namespace chancery::responder
