#include "absl/time/time.h"

#include <optional>

#include "absl/time/civil_time.h"
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

// `rest` is MMDDHHMMSSZ.
std::optional<absl::Time> FromParts(int year, Bytes rest) {
  if (rest.size() != 11 || rest[10] != 'Z') return std::nullopt;
  int part[5];
  for (int i = 0; i < 5; ++i) {
    part[i] = Number(rest.subspan(2 * i, 2));
    if (part[i] < 0) return std::nullopt;
  }
  const absl::CivilSecond civil(year, part[0], part[1], part[2], part[3],
                                part[4]);
  // CivilSecond turns 31 April into 1 May; such a date is no date.
  if (civil.month() != part[0] || civil.day() != part[1] ||
      civil.hour() != part[2] || civil.minute() != part[3] ||
      civil.second() != part[4]) {
    return std::nullopt;
  }
  return absl::FromCivil(civil, absl::UTCTimeZone());
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
