#ifndef CHANCERY_RESPONDER_TESTING_HTTP_CONNECTION_FIXTURE_H_
#define CHANCERY_RESPONDER_TESTING_HTTP_CONNECTION_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/fd.h"
#include "base/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "responder/http/http_connection.h"
#include "responder/http/http_counters.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder::testing {

// Tells what it was asked.
class EchoHandler final : public HttpHandler {
 public:
  void Handle(const HttpRequest& request, HttpResponse& response) override {
    if (request.target == "/large") {
      response.file = {.file = large_, .offset = 0, .size = 1 << 20};
    } else if (request.target == "/part") {
      response.status = 206;
      response.file = {.file = digits_, .offset = 3, .size = 4};
    } else if (request.target == "/ranges") {
      response.body = absl::StrCat(request.range, "|", request.if_range, "|",
                                   request.accept_encoding);
    } else if (request.target == "/304") {
      response.status = 304;
      response.headers = "ETag: \"e\"\r\n";
      response.body = "never sent";
    } else {
      response.headers = "X-Test: yes\r\n";
      response.body = absl::StrCat(
          request.target, "|", request.body, "|", request.content_type, "|",
          request.if_none_match, "|", request.if_modified_since);
    }
  }
  const std::shared_ptr<const base::Fd> large_ =
      MemoryFile(std::string(1 << 20, 'x'));
  const std::shared_ptr<const base::Fd> digits_ = MemoryFile("0123456789");
};

// A connection, and a client that takes what it says.
class HttpConnectionFixture : public ::testing::Test {
 protected:
  // What the client gets for `bytes`, all of it taken at once.
  std::string Exchange(absl::string_view bytes) {
    std::string out;
    if (connection_->wants_input()) connection_->Receive(bytes, now_);
    TakeAll(out);
    return out;
  }
  // At most `left` octets of the output; returns how many.
  size_t Take(size_t left, std::string& out) {
    const size_t before = out.size();
    const HttpOutput output = connection_->Output();
    const absl::string_view bytes = output.bytes.substr(0, left);
    out.append(bytes.data(), bytes.size());
    left -= bytes.size();
    if (output.file_size != 0) {
      out += ReadPart(output.file, output.file_offset,
                      std::min(left, output.file_size));
    }
    return out.size() - before;
  }
  void TakeAll(std::string& out) {
    while (connection_->has_output()) {
      connection_->Sent(Take(~size_t{0}, out), now_);
    }
  }

  HttpLimits limits_{.header_bytes = 512,
                     .target_bytes = 300,
                     .body_bytes = 100,
                     .output_bytes = 2000};
  base::testing::FakeClock clock_{absl::FromUnixSeconds(784111777)};
  EchoHandler handler_;
  HttpCounters counters_;
  HttpContext context_{.limits = limits_,
                       .clock = clock_,
                       .handler = handler_,
                       .counters = counters_,
                       .dates = {},
                       .response = {}};
  Uptime now_ = absl::Seconds(1000);
  std::optional<HttpConnection> connection_{std::in_place, context_, now_};
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_TESTING_HTTP_CONNECTION_FIXTURE_H_
