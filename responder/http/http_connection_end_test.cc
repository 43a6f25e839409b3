// When an HTTP connection ends: by its client, by its deadlines, by draining.
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/http/http_connection.h"
#include "responder/http/http_counters.h"
#include "responder/testing/http_client.h"
#include "responder/testing/http_connection_fixture.h"

namespace chancery::responder {
namespace {

using testing::ClientResponse;
using ::testing::HasSubstr;
using testing::TakeResponse;

class HttpConnectionEndTest : public testing::HttpConnectionFixture {};

TEST_F(HttpConnectionEndTest, AnswersAClientThatHasEndedItsHalf) {
  connection_->Receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", now_);
  connection_->ReceiveEnd(now_);
  EXPECT_FALSE(connection_->done());
  EXPECT_FALSE(connection_->wants_input());
  std::string stream;
  TakeAll(stream);
  EXPECT_EQ(TakeResponse(stream).status, 200);
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionEndTest, ARequestInProgressExpiresWith408) {
  Exchange("GET /a HT");
  EXPECT_EQ(connection_->deadline(), now_ + limits_.request_timeout);
  now_ += absl::Seconds(3);
  Exchange("TP/1.1\r\n");  // Slowness gains no time.
  EXPECT_EQ(connection_->deadline(),
            now_ - absl::Seconds(3) + limits_.request_timeout);
  now_ = connection_->deadline();
  connection_->Expire(now_);
  std::string stream;
  TakeAll(stream);
  EXPECT_EQ(TakeResponse(stream).status, 408);
  EXPECT_EQ(counters_.Get(HttpCount::kTimeouts), 1);
  EXPECT_EQ(connection_->deadline(), now_ + limits_.linger_timeout);
  connection_->Expire(connection_->deadline());
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionEndTest, AConnectionThatNeverAsksExpires) {
  EXPECT_EQ(connection_->deadline(), now_ + limits_.request_timeout);
  connection_->Expire(connection_->deadline());
  EXPECT_FALSE(connection_->has_output());
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionEndTest, AnIdleConnectionExpires) {
  now_ += absl::Seconds(2);
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(connection_->deadline(), now_ + limits_.idle_timeout);
  now_ += absl::Seconds(2);
  Exchange("\r\n");  // No request.
  EXPECT_EQ(connection_->deadline(),
            now_ - absl::Seconds(2) + limits_.idle_timeout);
}

TEST_F(HttpConnectionEndTest, ASlowReaderMustTakeAThousandBytesASecond) {
  const Uptime start = now_;
  connection_->Receive("GET /large HTTP/1.1\r\nHost: x\r\n\r\n", now_);
  EXPECT_EQ(connection_->deadline(), start + limits_.idle_timeout);
  while (now_ < connection_->deadline()) {
    now_ += absl::Seconds(10);
    connection_->Sent(1, now_);
    ASSERT_LT(now_, start + absl::Hours(1));
  }
  // 1 MiB at 1,024 bytes a second, and the idle time.
  EXPECT_GT(now_, start + absl::Seconds(1000));
}

TEST_F(HttpConnectionEndTest, ASteadyReaderMayPipelineForEver) {
  std::string one = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
  connection_->Receive(one + one, now_);
  for (int i = 0; i < 20; ++i) {
    now_ += absl::Seconds(100);
    // 10,000 bytes a second, never coming to the end.
    connection_->Sent(900000, now_ - absl::Seconds(50));
    connection_->Sent(100000, now_);
    if (connection_->wants_input()) connection_->Receive(one, now_);
    ASSERT_LT(now_, connection_->deadline());
  }
}

TEST_F(HttpConnectionEndTest, DrainingLetsTheRequestInProgressEnd) {
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HT");
  connection_->Drain(now_);
  EXPECT_FALSE(connection_->done());
  std::string stream = Exchange("TP/1.1\r\nHost: x\r\n\r\n");
  ClientResponse last = TakeResponse(stream);
  EXPECT_EQ(last.body, "/b||||");
  EXPECT_EQ(last.fields["connection"], "close");
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionEndTest, DrainingEndsAnIdleConnection) {
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  connection_->Drain(now_);
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionEndTest, DrainingWaitsABitForAFirstRequest) {
  connection_->Drain(now_);
  EXPECT_FALSE(connection_->done());
  EXPECT_LT(connection_->deadline(), now_ + absl::Seconds(1));
  EXPECT_THAT(Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection_->done());
}

}  // namespace
}  // namespace chancery::responder
