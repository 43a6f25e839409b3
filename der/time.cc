#include "absl/time/time.h"

#include <cstdint>
#include <optional>

#include "der/reader.h"

namespace chancery::der {
namespace {

// The decimal number in `digits`; -1 if one of them is none.
int Number(Bytes digits) {
  int value = 0;
  for (uint8_t digit : digits) {
    if (digit < '0' || digit > '9') return -1;
    value = 10 * value + (digit - '0');
  }
  return value;
}

constexpr bool IsLeap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int DaysIn(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// Days from 1 January 1970 to a date of the Gregorian calendar, in years that
// begin with March. A CRL may have a million dates; absl's civil times take ten
// times as long.
constexpr int64_t DaysSince1970(int year, int month, int day) {
  const int64_t y = month > 2 ? year : year - 1;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year =
      (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static_assert(DaysSince1970(1970, 1, 1) == 0);
static_assert(DaysSince1970(2000, 2, 29) == 11016);
static_assert(DaysSince1970(0, 3, 1) == -719468);

// `rest` is MMDDHHMMSSZ.
std::optional<absl::Time> FromParts(int year, Bytes rest) {
  if (rest.size() != 11 || rest[10] != 'Z') return std::nullopt;
  int part[5];
  for (int i = 0; i < 5; ++i) {
    part[i] = Number(rest.subspan(2 * i, 2));
    if (part[i] < 0) return std::nullopt;
  }
  const auto [month, day, hour, minute, second] = part;
  if (month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) ||
      hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(DaysSince1970(year, month, day) * 86400 +
                               hour * 3600 + minute * 60 + second);
}

}  // namespace

std::optional<absl::Time> ParseUtcTime(Bytes contents) {
  if (contents.size() != 13) return std::nullopt;
  const int year = Number(contents.first(2));
  if (year < 0) return std::nullopt;
  // RFC 5280 section 4.1.2.5.1: 50 to 99 are 19YY, the others 20YY.
  return FromParts(year >= 50 ? 1900 + year : 2000 + year, contents.subspan(2));
}

std::optional<absl::Time> ParseGeneralizedTime(Bytes contents) {
  if (contents.size() != 15) return std::nullopt;
  const int year = Number(contents.first(4));
  if (year < 0) return std::nullopt;
  return FromParts(year, contents.subspan(4));
}

}  // namespace chancery::der
