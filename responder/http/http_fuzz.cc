#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "base/testing/fake_clock.h"
#include "responder/http/http_connection.h"
#include "responder/http/http_counters.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"

namespace {

using chancery::responder::HttpConnection;
using chancery::responder::HttpContext;
using chancery::responder::HttpCounters;
using chancery::responder::HttpHandler;
using chancery::responder::HttpLimits;
using chancery::responder::HttpRequest;
using chancery::responder::HttpResponse;

class EchoHandler final : public HttpHandler {
 public:
  void Handle(const HttpRequest& request, HttpResponse& response) override {
    response.body.assign(request.target.data(), request.target.size());
    for (const absl::string_view part :
         {request.body, request.content_type, request.if_none_match,
          request.if_modified_since, request.range, request.if_range,
          request.accept_encoding}) {
      response.body += '|';
      response.body.append(part.data(), part.size());
    }
  }
};

// A thread of a server, which may have seen requests before.
struct Thread {
  const HttpLimits limits{
      .header_bytes = 300, .target_bytes = 100, .body_bytes = 100};
  const chancery::base::testing::FakeClock clock{absl::FromUnixSeconds(1)};
  EchoHandler handler;
  HttpCounters counters;
  HttpContext context{.limits = limits,
                      .clock = clock,
                      .handler = handler,
                      .counters = counters,
                      .dates = {},
                      .response = {}};
};

// The octets that a client sees when its own come in pieces of `piece`.
std::string Converse(Thread& thread, absl::string_view input, size_t piece) {
  HttpConnection connection(thread.context, absl::ZeroDuration());
  std::string out;
  while (!input.empty() && connection.wants_input()) {
    const size_t size = std::min(piece, input.size());
    connection.Receive(input.substr(0, size), absl::ZeroDuration());
    input.remove_prefix(size);
    while (connection.has_output()) {
      const absl::string_view part = connection.Output().bytes;
      out.append(part.data(), part.size());
      connection.Sent(part.size(), absl::ZeroDuration());
    }
  }
  return out;
}

// Without interim responses: whether they are sent depends on the pieces.
std::string WithoutContinue(std::string stream) {
  const absl::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
  for (;;) {
    const size_t at = stream.find(interim.data(), 0, interim.size());
    if (at == std::string::npos) return stream;
    stream.erase(at, interim.size());
  }
}

// The number of answers with status 200 at the front of `stream`.
size_t Successes(absl::string_view stream) {
  size_t count = 0;
  for (size_t at = 0;
       (at = stream.find("HTTP/1.1 200 OK\r\n", at)) != absl::string_view::npos;
       ++at) {
    ++count;
  }
  return count;
}

}  // namespace

// How a stream is cut must not change which requests are seen in it: else two
// servers that read the same bytes could disagree about where a request ends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  Thread one, other;
  const std::string first = Converse(one, input, size + 1);
  const std::string whole = WithoutContinue(first);
  const std::string cut = WithoutContinue(Converse(other, input, 1));
  if (Successes(whole) != Successes(cut)) std::abort();
  // Nor must what the thread has seen, nor how much of it.
  for (int again = 0; again < 3; ++again) {
    if (Converse(one, input, size + 1) != first) std::abort();
  }
  return 0;
}
