#include "responder/http/http_connection.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/fd.h"
#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/testing/http_client.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder {
namespace {

using testing::ClientResponse;
using ::testing::HasSubstr;
using testing::TakeResponse;

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
      testing::MemoryFile(std::string(1 << 20, 'x'));
  const std::shared_ptr<const base::Fd> digits_ =
      testing::MemoryFile("0123456789");
};

class HttpConnectionTest : public ::testing::Test {
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
      out += testing::ReadPart(output.file, output.file_offset,
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

struct RefusalCase {
  const char* name;
  std::string request;
  int status;
};

TEST_F(HttpConnectionTest, RefusesWhatIsNotHttpOrTooMuch) {
  const std::string host = "Host: x\r\n";
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const RefusalCase cases[] = {
      {"garbage", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
      {"words", "hello there\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
      {"space before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"long target",
       absl::StrCat("GET /", std::string(300, 'a'), " HTTP/1.1\r\n", host,
                    "\r\n"),
       414},
      {"endless target", absl::StrCat("GET /", std::string(600, 'a')), 414},
      {"long field",
       absl::StrCat("GET / HTTP/1.1\r\n", host, "A: ", std::string(600, 'a'),
                    "\r\n\r\n"),
       431},
      {"endless field",
       absl::StrCat("GET / HTTP/1.1\r\n", host, "A: ", std::string(600, 'a')),
       431},
      {"many fields",
       absl::StrCat("GET / HTTP/1.1\r\n", host,
                    [] {
                      std::string fields;
                      for (int i = 0; i < 100; ++i)
                        absl::StrAppend(&fields, "A: b\r\n");
                      return fields;
                    }()),
       431},
      {"long body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n",
       413},
      {"long chunk", chunked + "65\r\na", 413},
      {"long chunks", chunked + "40\r\n" + std::string(64, 'a') + "\r\n40\r\n",
       413},
      {"no chunk", chunked + "xyz\r\n", 400},
      {"endless chunk extension", chunked + "1;" + std::string(600, 'a'), 400},
      {"endless trailer", chunked + "0\r\nA: " + std::string(600, 'a'), 400},
      {"negative length",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"two lengths",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
       "Content-Length: 2\r\n\r\n",
       400},
      {"length and chunks",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n",
       400},
      {"chunks and length",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
       "Content-Length: 1\r\n\r\n",
       400},
      {"another coding",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       501},
      {"chunks in HTTP/1.0",
       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"another expectation",
       "POST / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n", 417},
  };
  for (const RefusalCase& c : cases) {
    for (const bool by_byte : {false, true}) {
      connection_.emplace(context_, now_);
      std::string stream;
      if (by_byte) {
        for (const char byte : c.request) stream += Exchange({&byte, 1});
      } else {
        stream = Exchange(c.request);
      }
      ClientResponse response = TakeResponse(stream);
      EXPECT_EQ(response.status, c.status) << c.name << by_byte;
      EXPECT_EQ(response.fields["connection"], "close") << c.name;
      EXPECT_EQ(response.fields["cache-control"], "no-store") << c.name;
      EXPECT_EQ(stream, "") << c.name;
      // Until the client has read why, the connection stays.
      EXPECT_TRUE(connection_->lingering()) << c.name;
    }
  }
}

TEST_F(HttpConnectionTest, BoundsThePaddingOfAChunkedBody) {
  std::string stream = Exchange(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 50 && stream.empty(); ++i) {
    stream += Exchange(absl::StrCat("1;", std::string(100, 'a'), "\r\nb\r\n"));
  }
  EXPECT_EQ(TakeResponse(stream).status, 400);
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

TEST_F(HttpConnectionTest, AnswersAClientThatHasEndedItsHalf) {
  connection_->Receive("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", now_);
  connection_->ReceiveEnd(now_);
  EXPECT_FALSE(connection_->done());
  EXPECT_FALSE(connection_->wants_input());
  std::string stream;
  TakeAll(stream);
  EXPECT_EQ(TakeResponse(stream).status, 200);
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionTest, ARequestInProgressExpiresWith408) {
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

TEST_F(HttpConnectionTest, AConnectionThatNeverAsksExpires) {
  EXPECT_EQ(connection_->deadline(), now_ + limits_.request_timeout);
  connection_->Expire(connection_->deadline());
  EXPECT_FALSE(connection_->has_output());
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionTest, AnIdleConnectionExpires) {
  now_ += absl::Seconds(2);
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(connection_->deadline(), now_ + limits_.idle_timeout);
  now_ += absl::Seconds(2);
  Exchange("\r\n");  // No request.
  EXPECT_EQ(connection_->deadline(),
            now_ - absl::Seconds(2) + limits_.idle_timeout);
}

TEST_F(HttpConnectionTest, ASlowReaderMustTakeAThousandBytesASecond) {
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

TEST_F(HttpConnectionTest, ASteadyReaderMayPipelineForEver) {
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

TEST_F(HttpConnectionTest, DrainingLetsTheRequestInProgressEnd) {
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HT");
  connection_->Drain(now_);
  EXPECT_FALSE(connection_->done());
  std::string stream = Exchange("TP/1.1\r\nHost: x\r\n\r\n");
  ClientResponse last = TakeResponse(stream);
  EXPECT_EQ(last.body, "/b||||");
  EXPECT_EQ(last.fields["connection"], "close");
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionTest, DrainingEndsAnIdleConnection) {
  Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  connection_->Drain(now_);
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionTest, DrainingWaitsABitForAFirstRequest) {
  connection_->Drain(now_);
  EXPECT_FALSE(connection_->done());
  EXPECT_LT(connection_->deadline(), now_ + absl::Seconds(1));
  EXPECT_THAT(Exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection_->done());
}

TEST_F(HttpConnectionTest, ALingeringClientIsCutOffInTheEnd) {
  Exchange("garbage\r\n\r\n");
  const std::string more(100000, 'a');
  int sent = 0;
  for (; connection_->wants_input() && sent < 100; ++sent) {
    connection_->Receive(more, now_);
    if (connection_->done()) break;
  }
  EXPECT_TRUE(connection_->done());
  EXPECT_LT(sent, 20);
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

class TogetherTest : public HttpConnectionTest {
 protected:
  TogetherTest() { connection_.emplace(beginning_context_, now_); }

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

TEST_F(TogetherTest, AnswersWhatIsBegunWhenItIsFinished) {
  EXPECT_TRUE(Begin("GET /begun HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(connection_->has_output());
  connection_->Finish(now_);
  EXPECT_THAT(Output(), HasSubstr("</begun /begun>"));
  EXPECT_TRUE(connection_->wants_input());
}

TEST_F(TogetherTest, AnswersAtOnceWhatTheHandlerDoesNotBeginWith) {
  EXPECT_FALSE(Begin("GET /other HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(Output(), HasSubstr("</other ->"));
}

TEST_F(TogetherTest, AnswersPipelinedRequestsInOrder) {
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

TEST_F(TogetherTest, WaitsForTheRestOfARequest) {
  EXPECT_FALSE(Begin("GET /begun HTTP/1.1\r\nHo"));
  EXPECT_FALSE(connection_->has_output());
  EXPECT_TRUE(Begin("st: x\r\nConnection: close\r\n\r\n"));
  connection_->Finish(now_);
  EXPECT_THAT(Output(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection_->done());
}

TEST_F(TogetherTest, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(Begin("\x16\x03\x01 what\r\n\r\n"));
  EXPECT_THAT(Output(), HasSubstr("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace chancery::responder
