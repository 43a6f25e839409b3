#include "responder/http/http_connection.h"

#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/http/http_counters.h"
#include "responder/testing/http_client.h"
#include "responder/testing/http_connection_fixture.h"

namespace chancery::responder {
namespace {

using testing::ClientResponse;
using ::testing::HasSubstr;
using testing::TakeResponse;

class HttpConnectionTest : public testing::HttpConnectionFixture {};

TEST_F(HttpConnectionTest, AnswersAGet) {
  EXPECT_EQ(Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Test: yes\r\n"
            "Content-Length: 6\r\n"
            "\r\n"
            "/a||||");
  EXPECT_TRUE(connection_->wants_input());
}

TEST_F(HttpConnectionTest, PassesFieldsAndBodyOn) {
  EXPECT_THAT(Exchange("POST /p HTTP/1.1\r\nhost: x\r\nContent-Length: 3\r\n"
                       "content-TYPE: a/b\r\nIf-None-Match: \"1\"\r\n"
                       "If-None-Match: \"2\"\r\nIf-Modified-Since: then\r\n"
                       "\r\nabc"),
              HasSubstr("\r\n\r\n/p|abc|a/b|\"1\", \"2\"|then"));
}

TEST_F(HttpConnectionTest, PassesTheFieldsOnThatChooseAPartOrACoding) {
  EXPECT_THAT(Exchange("GET /ranges HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n"
                       "If-Range: \"1\"\r\nAccept-Encoding: gzip;q=0.5\r\n"
                       "accept-encoding: br\r\n\r\n"),
              HasSubstr("\r\n\r\nbytes=0-1|\"1\"|gzip;q=0.5, br"));
  EXPECT_THAT(Exchange("GET /ranges HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("\r\n\r\n||"));
}

// A thread's connections share what they know of header sections; none of them
// may be understood otherwise for it.
TEST_F(HttpConnectionTest, UnderstandsARequestAsItDidTheFirstTime) {
  const std::string long_path = "/" + std::string(300, 'p');
  const std::string fields =
      " HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nUser-Agent: t\r\n\r\n";
  const std::string requests[] = {
      "GET /a" + fields,
      "GET /b?c=d" + fields,
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /ranges HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
      "GET /ranges HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\n\r\n",
      "GET /ranges" + fields,
      "GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\n\r\n",
      "GET /ranges HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
      "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
      absl::StrCat(
          "GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
          "1\r\na\r\n0\r\n\r\n"),
      "GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
      absl::StrCat("GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n",
                   "Connection: upgrade\r\n\r\n"),
      "GET /a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
      "GET /a HTTP/1.1\r\nAccept: */*\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nAccept: a\r\n b\r\n\r\n",
      "GET /a HTTP/1.0\r\nHost: x\r\n\r\n",
      "HEAD /a" + fields,
      "POST /a" + fields,
      "PUT /a" + fields,
      "get /a" + fields,
      "GET  /a" + fields,
      "GET /a " + fields,
      "GET " + fields,
      "GET a" + fields,
      "GET *" + fields,
      "GET http://x/a" + fields,
      "GET " + long_path + fields,
      "GET /\x7f" + fields,
      "GET /\x80\xff" + fields,
      "GET /\t" + fields,
      "GET /a HTTP/1.1\nHost: x\n\n",
      "GET /a HTTP/2.0\r\nHost: x\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nX: " + std::string(600, 'x') + "\r\n\r\n",
      "GET /a" + fields + "GET /b" + fields + "GET /ranges" + fields,
      "\r\nGET /a" + fields,
      "\r\n\r\nGET /a" + fields,
      "GET /a" + fields + "nonsense\r\n\r\n",
  };
  std::vector<std::string> first;
  for (int round = 0; round < 4; ++round) {
    for (size_t i = 0; i < std::size(requests); ++i) {
      // Each often enough to be remembered, and all of them again.
      for (int again = 0; again < 4; ++again) {
        connection_.emplace(context_, now_);
        const std::string out = Exchange(requests[i]);
        if (round == 0 && again == 0) first.push_back(out);
        ASSERT_EQ(out, first[i]) << requests[i];
      }
    }
  }
}

TEST_F(HttpConnectionTest, RemembersNoSectionThatDoesNotFit) {
  const std::string path = "/" + std::string(250, 'p');
  const std::string section = absl::StrCat(
      " HTTP/1.1\r\nHost: x\r\nX: ", std::string(300, 'x'), "\r\n\r\n");
  for (int i = 0; i < 4; ++i) {
    connection_.emplace(context_, now_);
    EXPECT_THAT(Exchange(absl::StrCat("GET /", section)), HasSubstr("200 OK"));
    connection_.emplace(context_, now_);
    EXPECT_THAT(Exchange(absl::StrCat("GET ", path, section)),
                HasSubstr("431 "));
  }
}

TEST_F(HttpConnectionTest, HeadHasTheFieldsOfGetAndNoBody) {
  const std::string get = Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = Exchange("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(head, get.substr(0, get.find("\r\n\r\n") + 4));
}

TEST_F(HttpConnectionTest, NotModifiedHasNoBodyAndNoLength) {
  EXPECT_EQ(Exchange("GET /304 HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 304 Not Modified\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "ETag: \"e\"\r\n"
            "\r\n");
}

TEST_F(HttpConnectionTest, AnswersPipelinedRequestsInOrder) {
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&requests, "GET /", i, " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // More than output_bytes: it has to stop and go on.
  std::string stream = Exchange(requests);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(TakeResponse(stream).body, absl::StrCat("/", i, "||||"));
  }
  EXPECT_EQ(stream, "");
}

TEST_F(HttpConnectionTest, StopsReadingWhileOutputWaits) {
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&requests, "GET /", i, " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  connection_->Receive(requests, now_);
  EXPECT_FALSE(connection_->wants_input());
  EXPECT_LT(connection_->Output().bytes.size(), limits_.output_bytes + 500);
}

TEST_F(HttpConnectionTest, UnderstandsARequestHoweverItIsCut) {
  const std::string requests[] = {
      "\r\nGET /path HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n",
      "POST /path HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "POST /path HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nhe\r\n3;ext=\"1\"\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
      "POST /path HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    const std::string whole = Exchange(request);
    EXPECT_TRUE(absl::StartsWith(whole, "HTTP/1.1 200 ")) << request;
    std::string by_byte;
    for (const char c : request) by_byte += Exchange({&c, 1});
    EXPECT_EQ(by_byte, whole) << request;
    for (size_t cut = 1; cut < request.size(); ++cut) {
      std::string in_two = Exchange(absl::string_view(request).substr(0, cut));
      in_two += Exchange(absl::string_view(request).substr(cut));
      EXPECT_EQ(in_two, whole) << request << " cut at " << cut;
    }
  }
}

TEST_F(HttpConnectionTest, AsksForTheBodyThatAClientHoldsBack) {
  EXPECT_EQ(Exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                     "Expect: 100-Continue\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(Exchange("a"), "");
  EXPECT_THAT(Exchange("b"), HasSubstr("/|ab|"));
}

TEST_F(HttpConnectionTest, AsksForNoBodyThatHasComeOrIsTooLong) {
  EXPECT_TRUE(absl::StartsWith(
      Exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
               "Expect: 100-continue\r\n\r\nab"),
      "HTTP/1.1 200 "));
  EXPECT_TRUE(absl::StartsWith(
      Exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n"
               "Expect: 100-continue\r\n\r\n"),
      "HTTP/1.1 413 "));
}

struct CloseCase {
  const char* name;
  const char* request;
  const char* connection_field;  // Of the response; empty if it has none.
  bool done;
};

TEST_F(HttpConnectionTest, KeepsTheConnectionAsLongAsTheClientLikes) {
  const CloseCase cases[] = {
      {"1.1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", false},
      {"1.1 close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
       "close", true},
      {"1.0", "GET / HTTP/1.0\r\n\r\n", "close", true},
      {"1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "keep-alive", false},
  };
  for (const CloseCase& c : cases) {
    connection_.emplace(context_, now_);
    std::string stream = Exchange(c.request);
    ClientResponse response = TakeResponse(stream);
    EXPECT_EQ(response.status, 200) << c.name;
    EXPECT_EQ(response.fields["connection"], c.connection_field) << c.name;
    EXPECT_EQ(connection_->done(), c.done) << c.name;
  }
}

TEST_F(HttpConnectionTest, TakesTheAbsoluteForm) {
  EXPECT_THAT(Exchange("GET http://ocsp.test/a//b HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("\r\n\r\n/a//b|"));
  EXPECT_THAT(Exchange("GET HTTP://ocsp.test HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("\r\n\r\n/|"));
}

TEST_F(HttpConnectionTest, SendsAPartOfAFile) {
  const std::string get = Exchange("GET /part HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(get,
            "HTTP/1.1 206 Partial Content\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 4\r\n"
            "\r\n"
            "3456");
  EXPECT_EQ(Exchange("HEAD /part HTTP/1.1\r\nHost: x\r\n\r\n"),
            get.substr(0, get.size() - 4));
}

TEST_F(HttpConnectionTest, ClosesAFileWithItsLastPart) {
  const std::weak_ptr<const base::Fd> large = handler_.large_;
  connection_->Receive("GET /large HTTP/1.1\r\nHost: x\r\n\r\n", now_);
  EXPECT_EQ(large.use_count(), 2);
  std::string stream;
  TakeAll(stream);
  EXPECT_EQ(large.use_count(), 1);
}

TEST_F(HttpConnectionTest, SendsALargeBodyFromWhereItLies) {
  connection_->Receive(
      "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /after HTTP/1.1\r\nHost: x\r\n\r\n",
      now_);
  EXPECT_EQ(connection_->Output().file, handler_.large_->get());
  std::string stream;
  while (connection_->has_output()) {  // A little at a time.
    connection_->Sent(Take(70000, stream), now_);
  }
  EXPECT_EQ(TakeResponse(stream).body, std::string(1 << 20, 'x'));
  EXPECT_EQ(TakeResponse(stream).body, "/after||||");
}

TEST_F(HttpConnectionTest, Counts) {
  Exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  Exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  Exchange("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
  Exchange("GET /304 HTTP/1.1\r\nHost: x\r\n\r\n");
  Exchange("bad\r\n\r\n");
  EXPECT_EQ(counters_.Get(HttpCount::kGet), 2);
  EXPECT_EQ(counters_.Get(HttpCount::kHead), 1);
  EXPECT_EQ(counters_.Get(HttpCount::kOtherMethod), 1);
  EXPECT_EQ(counters_.Get(HttpCount::kStatus2xx), 3);
  EXPECT_EQ(counters_.Get(HttpCount::kStatus304), 1);
  EXPECT_EQ(counters_.Get(HttpCount::kStatus4xx), 1);
  EXPECT_GT(counters_.Get(HttpCount::kBytesSent), 0);
}

}  // namespace
}  // namespace chancery::responder
