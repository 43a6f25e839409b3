#ifndef CHANCERY_RESPONDER_FRESHNESS_H_
#define CHANCERY_RESPONDER_FRESHNESS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "responder/http/http_date.h"

namespace chancery::responder {

// The times of something that was signed; whole seconds, UTC.
struct Freshness {
  absl::Time this_update;
  absl::Time next_update;
  // When a newer one can be expected: caches keep this one until then.
  absl::Time refresh_at;
};

// Whether it may be served at `now`: not after its end, and not before its
// beginning, but for five minutes by which our clock may be behind the
// signer's.
bool IsCurrent(const Freshness& times, absl::Time now);

// How long a cache may keep what it is sent at `now`: until refresh_at, and
// when that has passed, a minute more while the newer one is late; never beyond
// next_update. Whole seconds, rounded down.
absl::Duration MaxAge(const Freshness& times, absl::Time now);

// What caches are told, as RFC 9919 section 6.2 has it: Cache-Control, which is
// another each second, and Last-Modified, Expires and ETag, which stay. `etag`
// comes with its quotes.
void AppendCacheControl(const Freshness& times, absl::Time now,
                        std::string& headers);
void AppendValidators(const Freshness& times, absl::string_view etag,
                      HttpDateCache& dates, std::string& headers);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_FRESHNESS_H_
