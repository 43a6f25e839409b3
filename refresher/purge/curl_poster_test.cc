#include "refresher/purge/curl_poster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// Listens on loopback; answers one connection with `answer`, or says nothing.
class OneShotServer {
 public:
  explicit OneShotServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneShotServer() {
    Finish();
    close(listener_);
  }
  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }
  // What it was sent.
  const std::string& Finish() {
    if (thread_.joinable()) {
      // Nobody may have come.
      shutdown(listener_, SHUT_RDWR);
      thread_.join();
    }
    return request_;
  }

 private:
  void Serve() {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    char buffer[4096];
    while (!absl::StrContains(request_, "\r\n\r\n{}")) {
      const ssize_t got = read(connection, buffer, sizeof buffer);
      if (got <= 0) break;
      request_.append(buffer, static_cast<size_t>(got));
    }
    if (answer_.empty()) {
      // Silent until the client gives up.
      while (read(connection, buffer, sizeof buffer) > 0) {
      }
    } else {
      EXPECT_GT(write(connection, answer_.data(), answer_.size()), 0);
    }
    close(connection);
  }

  const std::string answer_;
  int listener_;
  int port_;
  std::string request_;
  std::thread thread_;
};

HttpRequest Request(std::string url) {
  return {.url = std::move(url),
          .fields = {{"Content-Type", "application/json"},
                     {"Fastly-Key", "secret"}},
          .body = "{}"};
}

TEST(CurlPosterTest, SendsAPostWithItsFields) {
  OneShotServer server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  CurlPoster poster({});
  EXPECT_THAT(poster.Post(Request(server.Url("/service/x/purge"))), IsOk());
  const std::string& sent = server.Finish();
  EXPECT_THAT(sent, HasSubstr("POST /service/x/purge HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("\r\nFastly-Key: secret\r\n"));
  EXPECT_THAT(sent, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(sent, HasSubstr("\r\n\r\n{}"));
}

// Some answers repeat what they were sent.
TEST(CurlPosterTest, AnotherStatusIsNoSuccessAndItsTextIsNotShown) {
  for (const char* status : {"400 Bad", "404 No", "429 Slow", "503 Busy",
                             "301 Moved", "100 Continue"}) {
    OneShotServer server(
        absl::StrCat("HTTP/1.1 ", status,
                     "\r\nContent-Length: 6\r\nLocation: /x\r\nConnection: "
                     "close\r\n\r\nsecret"));
    CurlPoster poster({});
    const absl::Status posted = poster.Post(Request(server.Url("/")));
    EXPECT_THAT(posted, StatusIs(kUnavailable, "HTTP: "));
    EXPECT_FALSE(absl::StrContains(posted.ToString(), "secret"));
  }
}

TEST(CurlPosterTest, DoesNotWaitForASilentServer) {
  OneShotServer server("");
  CurlPoster poster({.timeout = absl::Milliseconds(200)});
  EXPECT_THAT(poster.Post(Request(server.Url("/"))),
              StatusIs(kUnavailable, "HTTP: "));
}

TEST(CurlPosterTest, SaysThatNobodyIsThere) {
  std::string url;
  {
    OneShotServer gone("x");
    url = gone.Url("/");
  }
  CurlPoster poster({});
  EXPECT_THAT(poster.Post(Request(url)), StatusIs(kUnavailable, "HTTP: "));
  EXPECT_THAT(poster.Post(Request("file:///etc/passwd")),
              StatusIs(kUnavailable, "HTTP: "));
}

// TLS is not plain HTTP, whoever answers.
TEST(CurlPosterTest, AServerThatProvesNothingIsNotSpokenTo) {
  OneShotServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CurlPoster poster({.timeout = absl::Seconds(2)});
  std::string url = server.Url("/");
  url.replace(0, 4, "https");
  EXPECT_THAT(poster.Post(Request(url)), StatusIs(kUnavailable, "HTTP: "));
  EXPECT_FALSE(absl::StrContains(server.Finish(), "secret"));
}

}  // namespace
}  // namespace chancery::refresher
