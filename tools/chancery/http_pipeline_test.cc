#include "tools/chancery/http_pipeline.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

// Says what it is told to each connection in turn, having read something.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> script)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)),
              0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      for (const std::string& said : script) {
        const base::Fd fd(accept(listener_.get(), nullptr, nullptr));
        char buffer[4096];
        const ssize_t got = recv(fd.get(), buffer, sizeof(buffer), 0);
        if (got > 0) heard_.append(buffer, static_cast<size_t>(got));
        EXPECT_EQ(send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(said.size()));
        shutdown(fd.get(), SHUT_WR);
        while (recv(fd.get(), buffer, sizeof(buffer), 0) > 0) {
        }
      }
    });
  }
  ~ScriptedServer() { thread_.join(); }

  HttpUrl url() const { return {"127.0.0.1", absl::StrCat(port_), "/x"}; }
  const std::string& heard() const { return heard_; }

 private:
  const base::Fd listener_;
  uint16_t port_ = 0;
  std::string heard_;
  std::thread thread_;
};

std::string Answer(const std::string& body, const std::string& fields = "") {
  return absl::StrCat("HTTP/1.1 200 OK\r\n", fields,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

std::string Bodies(const std::vector<HttpResponse>& responses) {
  std::string out;
  for (const HttpResponse& response : responses) out += response.body + " ";
  return out;
}

TEST(HttpPipelineTest, ReadsAnswersInTheirOrder) {
  std::string heard;
  {
    ScriptedServer server({Answer("1") + Answer("22", "ETag: \"x\"\r\n") +
                           "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: "
                           "chunked\r\n\r\n2\r\n33\r\n0\r\n\r\n"});
    HttpPipeline pipeline(server.url(), {});
    const auto responses = pipeline.Post("text/plain", {"a", "b", "c"});
    ASSERT_THAT(responses, IsOk());
    EXPECT_EQ(Bodies(*responses), "1 22 33 ");
    EXPECT_EQ((*responses)[1].etag, "\"x\"");
    EXPECT_EQ((*responses)[2].status, 404);
  }
}

TEST(HttpPipelineTest, ConnectsAgainWhenTheServerClosed) {
  ScriptedServer server(
      {Answer("1"), Answer("2", "Connection: close\r\n"), Answer("3")});
  HttpPipeline pipeline(server.url(), {});
  const auto responses = pipeline.Post("text/plain", {"a", "b", "c"});
  ASSERT_THAT(responses, IsOk());
  EXPECT_EQ(Bodies(*responses), "1 2 3 ");
}

TEST(HttpPipelineTest, GivesUpOnAServerThatOnlyCloses) {
  ScriptedServer server({"", ""});
  HttpPipeline pipeline(server.url(), {});
  EXPECT_THAT(pipeline.Post("text/plain", {"a"}),
              StatusIs(absl::StatusCode::kUnavailable, "without an answer"));
}

TEST(HttpPipelineTest, RefusesWhatIsNotHttpOrTooLarge) {
  ScriptedServer server({"nonsense\r\n\r\n", Answer(std::string(11, 'x'))});
  HttpPipeline pipeline(server.url(), {.max_response_bytes = 10});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(pipeline.Post("text/plain", {"a"}),
                StatusIs(absl::StatusCode::kUnavailable, "reading the answer"));
  }
}

TEST(HttpPipelineTest, SaysWhenNobodyListens) {
  HttpPipeline pipeline({"127.0.0.1", "1", "/"}, {});
  EXPECT_THAT(pipeline.Post("text/plain", {"a"}),
              StatusIs(absl::StatusCode::kUnavailable, "connecting"));
}

}  // namespace
}  // namespace chancery::cli
