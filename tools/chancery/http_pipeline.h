// Many HTTP requests to one server, a whole batch on its way at a time: what it
// takes to ask about a million certificates in minutes.
#ifndef CHANCERY_TOOLS_CHANCERY_HTTP_PIPELINE_H_
#define CHANCERY_TOOLS_CHANCERY_HTTP_PIPELINE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/fd.h"
#include "tools/chancery/http_client.h"

namespace chancery::cli {

// One connection, kept. Not thread-safe.
class HttpPipeline {
 public:
  struct Options {
    absl::Duration timeout = absl::Seconds(10);  // Without a byte either way.
    size_t max_response_bytes = size_t{1} << 20;
  };

  // Nothing is connected yet. `url` as ParseHttpUrl gives it.
  HttpPipeline(HttpUrl url, const Options& options)
      : url_(std::move(url)), options_(options) {}

  // POSTs each body to the URL's path; the answers in their order, whatever
  // their HTTP status. A server that closes its connection is connected to
  // again. Unavailable: no connection, no answer in time, or not HTTP.
  absl::StatusOr<std::vector<HttpResponse>> Post(
      const std::string& content_type, const std::vector<std::string>& bodies);

 private:
  absl::Status Connect();
  std::string RequestFor(const std::string& content_type,
                         const std::string& body) const;
  // Sends and reads until all are answered or the server closes; answers are
  // added to `responses`.
  absl::Status Exchange(const std::string& requests, size_t count,
                        std::vector<HttpResponse>& responses);
  absl::Status Failed(absl::string_view what) const;

  const HttpUrl url_;
  const Options options_;
  base::Fd connection_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_HTTP_PIPELINE_H_
