// Requests of an HTTP connection that are begun together with those of others.
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/http/http_connection.h"
#include "responder/http/http_message.h"
#include "responder/testing/http_connection_fixture.h"

namespace chancery::responder {
namespace {

using ::testing::HasSubstr;

// Begins with requests for "/begun...", and tells which it has begun with.
class BeginningHandler final : public HttpHandler {
 public:
  struct Work final : HttpWork {
    std::string target;
  };
  std::unique_ptr<HttpWork> NewWork() override {
    return std::make_unique<Work>();
  }
  bool Begin(const HttpRequest& request, HttpWork& work) override {
    static_cast<Work&>(work).target = std::string(request.target);
    return absl::StartsWith(request.target, "/begun");
  }
  void Handle(const HttpRequest& request, HttpResponse& response) override {
    response.body = absl::StrCat("<", request.target, " ",
                                 request.work == nullptr
                                     ? "-"
                                     : static_cast<Work*>(request.work)->target,
                                 ">");
  }
};

class HttpConnectionBeginTest : public testing::HttpConnectionFixture {
 protected:
  HttpConnectionBeginTest() { connection_.emplace(beginning_context_, now_); }

  // Whether it has begun with a request.
  bool Begin(absl::string_view bytes) {
    connection_->Begin(bytes, now_, *work_);
    return connection_->begun();
  }
  std::string Output() {
    std::string out;
    TakeAll(out);
    return out;
  }

  BeginningHandler beginning_;
  HttpContext beginning_context_{.limits = limits_,
                                 .clock = clock_,
                                 .handler = beginning_,
                                 .counters = counters_,
                                 .dates = {},
                                 .response = {}};
  const std::unique_ptr<HttpWork> work_ = beginning_.NewWork();
};

TEST_F(HttpConnectionBeginTest, AnswersWhatIsBegunWhenItIsFinished) {
  EXPECT_TRUE(Begin("GET /begun HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(connection_->has_output());
  connection_->Finish(now_);
  EXPECT_THAT(Output(), HasSubstr("</begun /begun>"));
  EXPECT_TRUE(connection_->wants_input());
}

TEST_F(HttpConnectionBeginTest, AnswersAtOnceWhatTheHandlerDoesNotBeginWith) {
  EXPECT_FALSE(Begin("GET /other HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(Output(), HasSubstr("</other ->"));
}

TEST_F(HttpConnectionBeginTest, AnswersPipelinedRequestsInOrder) {
  EXPECT_TRUE(
      Begin("GET /begun1 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /begun2 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /other HTTP/1.1\r\nHost: x\r\n\r\nGET /be"));
  connection_->Finish(now_);
  const std::string first = Output();
  const size_t one = first.find("</begun1 /begun1>");
  const size_t two = first.find("</begun2 ->");
  const size_t three = first.find("</other ->");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
  EXPECT_TRUE(Begin("gun3 HTTP/1.1\r\nHost: x\r\n\r\n"));
  connection_->Finish(now_);
  EXPECT_THAT(Output(), HasSubstr("</begun3 /begun3>"));
}

TEST_F(HttpConnectionBeginTest, WaitsForTheRestOfARequest) {
  EXPECT_FALSE(Begin("GET /begun HTTP/1.1\r\nHo"));
  EXPECT_FALSE(connection_->has_output());
  EXPECT_TRUE(Begin("st: x\r\nConnection: close\r\n\r\n"));
  connection_->Finish(now_);
  EXPECT_THAT(Output(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionBeginTest, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(Begin("\x16\x03\x01 what\r\n\r\n"));
  EXPECT_THAT(Output(), HasSubstr("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace chancery::responder
