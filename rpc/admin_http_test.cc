#include "rpc/admin_http.h"

#include <atomic>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using ::testing::HasSubstr;

class AdminHttpTest : public ::testing::Test {
 protected:
  AdminHttpTest() {
    auto started = AdminHttp::Start("127.0.0.1:0", metrics_, [this] {
      return ready_ ? absl::OkStatus()
                    : absl::UnavailableError("waiting for the signer");
    });
    EXPECT_THAT(started, IsOk());
    http_ = *std::move(started);
  }

  // The status code, then the body. By curl, so that headers are judged by
  // another implementation.
  std::string Get(const std::string& path, const std::string& flags = "") {
    return Shell("curl -s --max-time 20 " + flags +
                 " -o - -w '[%{http_code}]' 'http://" + http_->address() +
                 path + "'");
  }

  Metrics metrics_;
  std::atomic<bool> ready_ = false;
  std::unique_ptr<AdminHttp> http_;
};

TEST_F(AdminHttpTest, ServesMetrics) {
  metrics_.AddCounter("a_total", "A.").Increment();
  EXPECT_EQ(Get("/metrics"), metrics_.Text() + "[200]");
  EXPECT_THAT(Get("/metrics", "-i"),
              HasSubstr("Content-Type: text/plain; version=0.0.4"));
}

TEST_F(AdminHttpTest, IsHealthyBeforeItIsReady) {
  EXPECT_EQ(Get("/healthz"), "ok\n[200]");
  EXPECT_EQ(Get("/readyz"), "waiting for the signer\n[503]");
  ready_ = true;
  EXPECT_EQ(Get("/readyz?verbose"), "ready\n[200]");
}

TEST_F(AdminHttpTest, HasNothingElse) {
  EXPECT_THAT(Get("/"), HasSubstr("[404]"));
  EXPECT_THAT(Get("/healthz", "-X DELETE"), HasSubstr("[405]"));
}

TEST_F(AdminHttpTest, AnswersHeadWithoutABody) {
  EXPECT_THAT(Get("/healthz", "--head"), HasSubstr("Content-Length: 3"));
}

TEST_F(AdminHttpTest, KeepsConnectionsForMoreRequests) {
  const std::string url = "http://" + http_->address() + "/healthz";
  EXPECT_EQ(
      Shell("curl -s --max-time 20 -w '[%{num_connects}]' " + url + " " + url),
      "ok\n[1]ok\n[0]");
}

TEST_F(AdminHttpTest, DropsHugeHeaders) {
  EXPECT_FALSE(crypto::testing::Succeeds(
      "curl -s --max-time 20 -H 'X: " + std::string(20'000, 'a') + "' http://" +
      http_->address() + "/healthz"));
  EXPECT_EQ(Get("/healthz"), "ok\n[200]");
}

TEST_F(AdminHttpTest, RefusesBadAddresses) {
  const auto start = [this](const std::string& address) {
    return AdminHttp::Start(address, metrics_, [] { return absl::OkStatus(); });
  };
  EXPECT_THAT(start(http_->address()),
              StatusIs(absl::StatusCode::kAlreadyExists, "address in use"));
  EXPECT_THAT(start("unix:/tmp/a.sock"),
              StatusIs(absl::StatusCode::kInvalidArgument, "host:port"));
  EXPECT_THAT(start(":80"),
              StatusIs(absl::StatusCode::kInvalidArgument, "names no host"));
}

}  // namespace
}  // namespace chancery::rpc
