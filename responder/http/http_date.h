// HTTP-date, RFC 9110 section 5.6.7.
//
//   AppendHttpDate(absl::FromUnixSeconds(784111777), out);
//   // "Sun, 06 Nov 1994 08:49:37 GMT"
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_DATE_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_DATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chancery::responder {

inline constexpr size_t kHttpDateSize = 29;

// IMF-fixdate, the only form that may be sent. Fractions of a second are cut
// off; years outside of 0 to 9999 become the nearest that fits.
void AppendHttpDate(absl::Time time, std::string& out);

// IMF-fixdate, and the two obsolete forms that a recipient MUST accept:
// "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". The name of
// the day must be one, but need not be the right one. A year of two digits is
// the one that is at most 50 years after `now`. nullopt for anything else.
std::optional<absl::Time> ParseHttpDate(absl::string_view text, absl::Time now);

// Remembers the dates it has written: all responses of a second have one Date,
// all responses of a block one Last-Modified. Thread-compatible.
class HttpDateCache {
 public:
  // IMF-fixdate. Valid until the next call.
  absl::string_view Format(absl::Time time);

 private:
  struct Entry {
    int64_t unix_seconds = 0;
    std::string text;
  };
  static constexpr int kHashShift = 64 - 7;
  std::array<Entry, 1 << 7> entries_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_DATE_H_
