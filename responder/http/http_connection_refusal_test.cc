// What an HTTP connection does with what is no request, or too much of one.
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "responder/http/http_connection.h"
#include "responder/testing/http_client.h"
#include "responder/testing/http_connection_fixture.h"

namespace chancery::responder {
namespace {

using testing::ClientResponse;
using testing::TakeResponse;

class HttpConnectionRefusalTest : public testing::HttpConnectionFixture {};

struct RefusalCase {
  const char* name;
  std::string request;
  int status;
};

TEST_F(HttpConnectionRefusalTest, RefusesWhatIsNotHttpOrTooMuch) {
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

TEST_F(HttpConnectionRefusalTest, BoundsThePaddingOfAChunkedBody) {
  std::string stream = Exchange(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 50 && stream.empty(); ++i) {
    stream += Exchange(absl::StrCat("1;", std::string(100, 'a'), "\r\nb\r\n"));
  }
  EXPECT_EQ(TakeResponse(stream).status, 400);
}

TEST_F(HttpConnectionRefusalTest, ALingeringClientIsCutOffInTheEnd) {
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

}  // namespace
}  // namespace chancery::responder
