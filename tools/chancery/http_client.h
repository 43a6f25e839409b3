// Single HTTP requests: what OCSP needs of a client.
#ifndef CHANCERY_TOOLS_CHANCERY_HTTP_CLIENT_H_
#define CHANCERY_TOOLS_CHANCERY_HTTP_CLIENT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chancery::cli {

struct HttpUrl {
  std::string host;  // Without brackets.
  std::string port;
  std::string path;  // With its query; at least "/".
};

// http only, since OCSP answers carry their own signature. InvalidArgument
// says which part is wrong.
absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view url);

struct HttpRequest {
  std::string url;
  std::string content_type = {};  // Empty: GET; else POST.
  std::string body = {};
  absl::Duration timeout = absl::Seconds(10);
  size_t max_response_bytes = 1 << 20;
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  std::string cache_control;
  std::string etag;
  std::string body;
};

// Any complete response, whatever its status; redirects are not followed.
// Unavailable: no connection, no answer in time, or one that is not HTTP or
// too large. InvalidArgument: the URL.
absl::StatusOr<HttpResponse> FetchHttp(const HttpRequest& request);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_HTTP_CLIENT_H_
