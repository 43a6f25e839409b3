// One HTTP exchange as whoever answers it sees it.
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_MESSAGE_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/fd.h"

namespace chancery::responder {

enum class HttpMethod { kGet, kHead, kPost, kOther };

// What a handler keeps of one request between Begin and Handle.
class HttpWork {
 public:
  virtual ~HttpWork() = default;
};

// A complete request. The views last as long as the call that passes it.
struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  // Origin form (RFC 9112 section 3.2.1), still percent-encoded: path and, if
  // there is one, "?" and the query.
  absl::string_view target;
  absl::string_view body;
  // Header fields; empty if absent. Several lines of one are joined by ", ",
  // but for Content-Type and If-Modified-Since, whose last line counts.
  absl::string_view content_type;
  absl::string_view if_none_match;
  absl::string_view if_modified_since;
  absl::string_view range = {};
  absl::string_view if_range = {};
  absl::string_view accept_encoding = {};
  // When it is answered: what Date will say and max-age counts from.
  absl::Time now;
  // What Begin has made of this request; null if there was none.
  HttpWork* work = nullptr;
};

// A part of a file, which the kernel sends from where it lies. The file is a
// regular one that does not change; it is closed with its last part.
struct FilePart {
  std::shared_ptr<const base::Fd> file = {};
  uint64_t offset = 0;
  uint64_t size = 0;  // 0: no part at all.
};

// To be filled in. The server adds Date, Content-Length and Connection, and
// leaves the body out for HEAD and 304.
struct HttpResponse {
  int status = 200;
  // Whole lines, each "Name: value\r\n".
  std::string headers;
  std::string body;
  // In place of `body` if not empty: what the handler keeps, unchanged until it
  // is called again.
  absl::string_view kept_body;
  // In place of either if its size is not 0.
  FilePart file;

  // Unless there is a file.
  absl::string_view BodyBytes() const {
    return kept_body.empty() ? absl::string_view(body) : kept_body;
  }

  // Ready for the next exchange, keeping the strings' memory.
  void Clear() {
    status = 200;
    headers.clear();
    body.clear();
    kept_body = {};
    file = {};
  }
};

// Answers requests. One object belongs to one thread. It must not block: every
// other connection of that thread waits for it.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // `response` arrives cleared.
  virtual void Handle(const HttpRequest& request, HttpResponse& response) = 0;

  // A server that has several requests at hand may call Begin for each, then
  // Approach for each, kApproaches times over, then Handle for each: what one
  // has to fetch from memory comes while others are worked on. The work belongs
  // to the server, which uses it again. Null: this handler has no use for any
  // of it.
  static constexpr int kApproaches = 2;
  virtual std::unique_ptr<HttpWork> NewWork() { return nullptr; }
  // False: Handle shall be called without the work, and Approach not at all.
  // `request` has no `now` yet, and is there until Handle.
  virtual bool Begin(const HttpRequest& /*request*/, HttpWork& /*work*/) {
    return false;
  }
  virtual void Approach(HttpWork& /*work*/) {}
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_MESSAGE_H_
