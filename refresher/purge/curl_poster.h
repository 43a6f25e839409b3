#ifndef CHANCERY_REFRESHER_PURGE_CURL_POSTER_H_
#define CHANCERY_REFRESHER_PURGE_CURL_POSTER_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "refresher/purge/http_poster.h"

namespace chancery::refresher {

// HTTP and HTTPS by libcurl. A server proves its name under the system's
// certificates, or those in `trust_file` (PEM). Connections are kept.
class CurlPoster final : public HttpPoster {
 public:
  struct Options {
    std::string trust_file = {};
    absl::Duration connect_timeout = absl::Seconds(5);
    absl::Duration timeout = absl::Seconds(10);
  };
  explicit CurlPoster(const Options& options);
  ~CurlPoster() override;

  absl::Status Post(const HttpRequest& request) override;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_CURL_POSTER_H_
