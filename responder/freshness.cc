#include "responder/freshness.h"

#include <algorithm>
#include <charconv>

namespace chancery::responder {
namespace {

constexpr absl::Duration kMaxClockLag = absl::Minutes(5);
constexpr absl::Duration kOverdueMaxAge = absl::Seconds(60);

void Append(absl::string_view text, std::string& out) {
  out.append(text.data(), text.size());
}

}  // namespace

bool IsCurrent(const Freshness& times, absl::Time now) {
  return now < times.next_update && times.this_update <= now + kMaxClockLag;
}

absl::Duration MaxAge(const Freshness& times, absl::Time now) {
  const absl::Duration left = times.next_update - now;
  const absl::Duration age = now < times.refresh_at
                                 ? std::min(times.refresh_at - now, left)
                                 : std::min(kOverdueMaxAge, left);
  return std::max(absl::Seconds(absl::ToInt64Seconds(age)),
                  absl::ZeroDuration());
}

void AppendCacheControl(const Freshness& times, absl::Time now,
                        std::string& headers) {
  headers += "Cache-Control: max-age=";
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits,
                                 absl::ToInt64Seconds(MaxAge(times, now)))
                       .ptr;
  headers.append(digits, static_cast<size_t>(end - digits));
  headers += ", public, no-transform, must-revalidate\r\n";
}

void AppendValidators(const Freshness& times, absl::string_view etag,
                      HttpDateCache& dates, std::string& headers) {
  headers += "Last-Modified: ";
  Append(dates.Format(times.this_update), headers);
  headers += "\r\nExpires: ";
  Append(dates.Format(times.next_update), headers);
  headers += "\r\nETag: ";
  Append(etag, headers);
  headers += "\r\n";
}

}  // namespace chancery::responder
