#include "responder/http/http_date.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/civil_time.h"

namespace chancery::responder {
namespace {

constexpr absl::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu",
                                       "Fri", "Sat", "Sun"};
constexpr absl::string_view kLongDays[] = {"Monday",   "Tuesday", "Wednesday",
                                           "Thursday", "Friday",  "Saturday",
                                           "Sunday"};
constexpr absl::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};

void Put(char* at, absl::string_view text) {
  std::copy(text.begin(), text.end(), at);
}

void PutTwoDigits(char* at, int value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// Takes pieces off the front of a date; once one is not there, all fail.
class DateReader {
 public:
  explicit DateReader(absl::string_view text) : rest_(text) {}

  void Literal(absl::string_view expected) {
    if (!absl::StartsWith(rest_, expected)) return Fail();
    rest_.remove_prefix(expected.size());
  }

  // Exactly `digits` digits.
  int Number(size_t digits) {
    int value = 0;
    if (rest_.size() < digits) {
      Fail();
      return 0;
    }
    for (size_t i = 0; i < digits; ++i) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(rest_[i]))) Fail();
      value = value * 10 + (ok_ ? rest_[i] - '0' : 0);
      if (!ok_) return 0;
    }
    rest_.remove_prefix(digits);
    return value;
  }

  // The index of the name that comes next.
  template <size_t kSize>
  int Name(const absl::string_view (&names)[kSize]) {
    for (size_t i = 0; i < kSize; ++i) {
      if (absl::StartsWith(rest_, names[i])) {
        rest_.remove_prefix(names[i].size());
        return static_cast<int>(i);
      }
    }
    Fail();
    return 0;
  }

  // As asctime writes it: " 6" or "16".
  int SpacePaddedDay() {
    if (!rest_.empty() && rest_[0] == ' ') {
      rest_.remove_prefix(1);
      return Number(1);
    }
    return Number(2);
  }

  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  void Fail() {
    ok_ = false;
    rest_ = {};
  }
  absl::string_view rest_;
  bool ok_ = true;
};

struct DateParts {
  int year = 0;
  int month = 0;  // From 0.
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void ReadTimeOfDay(DateReader& in, DateParts& parts) {
  parts.hour = in.Number(2);
  in.Literal(":");
  parts.minute = in.Number(2);
  in.Literal(":");
  parts.second = in.Number(2);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
bool ReadImfFixdate(absl::string_view text, DateParts& parts) {
  DateReader in(text);
  in.Name(kDays);
  in.Literal(", ");
  parts.day = in.Number(2);
  in.Literal(" ");
  parts.month = in.Name(kMonths);
  in.Literal(" ");
  parts.year = in.Number(4);
  in.Literal(" ");
  ReadTimeOfDay(in, parts);
  in.Literal(" GMT");
  return in.AtEnd();
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
bool ReadRfc850(absl::string_view text, int year_now, DateParts& parts) {
  DateReader in(text);
  in.Name(kLongDays);
  in.Literal(", ");
  parts.day = in.Number(2);
  in.Literal("-");
  parts.month = in.Name(kMonths);
  in.Literal("-");
  parts.year = year_now / 100 * 100 + in.Number(2);
  // "a timestamp that appears to be more than 50 years in the future [is] the
  // most recent year in the past that had the same last two digits"
  if (parts.year > year_now + 50) {
    parts.year -= 100;
  } else if (parts.year <= year_now - 50) {
    parts.year += 100;
  }
  in.Literal(" ");
  ReadTimeOfDay(in, parts);
  in.Literal(" GMT");
  return in.AtEnd();
}

// "Sun Nov  6 08:49:37 1994"
bool ReadAsctime(absl::string_view text, DateParts& parts) {
  DateReader in(text);
  in.Name(kDays);
  in.Literal(" ");
  parts.month = in.Name(kMonths);
  in.Literal(" ");
  parts.day = in.SpacePaddedDay();
  in.Literal(" ");
  ReadTimeOfDay(in, parts);
  in.Literal(" ");
  parts.year = in.Number(4);
  return in.AtEnd();
}

}  // namespace

void AppendHttpDate(absl::Time time, std::string& out) {
  static const absl::Time kFirst =
      absl::FromCivil(absl::CivilSecond(0, 1, 1), absl::UTCTimeZone());
  static const absl::Time kLast = absl::FromCivil(
      absl::CivilSecond(9999, 12, 31, 23, 59, 59), absl::UTCTimeZone());
  const absl::CivilSecond at =
      absl::ToCivilSecond(std::clamp(time, kFirst, kLast), absl::UTCTimeZone());
  const auto year = static_cast<int>(at.year());
  char text[kHttpDateSize + 1] = "Mon, 00 Jan 0000 00:00:00 GMT";
  Put(text, kDays[static_cast<int>(absl::GetWeekday(at))]);
  PutTwoDigits(text + 5, at.day());
  Put(text + 8, kMonths[at.month() - 1]);
  PutTwoDigits(text + 12, year / 100);
  PutTwoDigits(text + 14, year % 100);
  PutTwoDigits(text + 17, at.hour());
  PutTwoDigits(text + 20, at.minute());
  PutTwoDigits(text + 23, at.second());
  out.append(text, kHttpDateSize);
}

std::optional<absl::Time> ParseHttpDate(absl::string_view text,
                                        absl::Time now) {
  const auto year_now =
      static_cast<int>(absl::ToCivilYear(now, absl::UTCTimeZone()).year());
  DateParts parts;
  if (!ReadImfFixdate(text, parts) && !ReadAsctime(text, parts) &&
      !ReadRfc850(text, year_now, parts)) {
    return std::nullopt;
  }
  // RFC 9110: second = 2DIGIT, of which 60 is a leap second.
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 60) {
    return std::nullopt;
  }
  const absl::CivilSecond at(parts.year, parts.month + 1, parts.day, parts.hour,
                             parts.minute, std::min(parts.second, 59));
  if (at.day() != parts.day) return std::nullopt;  // Such as 30 February.
  return absl::FromCivil(at, absl::UTCTimeZone());
}

absl::string_view HttpDateCache::Format(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  // Times of one response lie whole hours apart, so that they would often have
  // the same remainder: the upper bits of a product (Knuth 6.4) do not.
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  Entry& entry =
      entries_[static_cast<uint64_t>(seconds) * kGolden >> kHashShift];
  if (entry.unix_seconds != seconds || entry.text.empty()) {
    entry.unix_seconds = seconds;
    entry.text.clear();
    AppendHttpDate(time, entry.text);
  }
  return entry.text;
}

}  // namespace chancery::responder
