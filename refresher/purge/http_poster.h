#ifndef CHANCERY_REFRESHER_PURGE_HTTP_POSTER_H_
#define CHANCERY_REFRESHER_PURGE_HTTP_POSTER_H_

#include "absl/status/status.h"
#include "refresher/purge/purge_request.h"

namespace chancery::refresher {

class HttpPoster {
 public:
  virtual ~HttpPoster() = default;

  // OK for a 2xx answer. Unavailable: no answer, or another status, which the
  // message names; nothing of the request's fields is in it. Returns within a
  // bounded time. One caller at a time.
  virtual absl::Status Post(const HttpRequest& request) = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_HTTP_POSTER_H_
