#include "responder/http/http_server.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "responder/testing/http_client.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::ClientResponse;
using testing::HttpClient;

constexpr absl::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

std::shared_ptr<const base::Fd> LargeFile() {
  static const auto file = testing::MemoryFile(std::string(32 << 20, 'x'));
  return file;
}

class EchoHandler final : public HttpHandler {
 public:
  void Handle(const HttpRequest& request, HttpResponse& response) override {
    if (request.target == "/large") {
      response.file = {.file = LargeFile(), .offset = 0, .size = 32 << 20};
      return;
    }
    response.body = absl::StrCat(request.target, "|", request.body);
  }
};

std::unique_ptr<HttpServer> StartServer(const HttpServerOptions& options) {
  auto server = HttpServer::Start(options, base::SystemClock(), [] {
    return std::make_unique<EchoHandler>();
  });
  EXPECT_THAT(server, IsOk());
  return *std::move(server);
}

HttpServerOptions Loopback(const HttpLimits& limits = {}) {
  return {.address = "127.0.0.1:0",
          .threads = 2,
          .limits = limits,
          .drain_timeout = absl::Seconds(5)};
}

// For what another thread is about to do; ends after 10 seconds.
bool Eventually(const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (!condition()) {
    if (absl::Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(HttpServerTest, AnswersOneAfterTheOther) {
  const auto server = StartServer(Loopback());
  EXPECT_EQ(server->address(), absl::StrCat("127.0.0.1:", server->port()));
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(kGet));
    EXPECT_EQ(client.Receive().body, "/a|");
  }
}

TEST(HttpServerTest, AnswersAHundredRequestsOfOneWrite) {
  const auto server = StartServer(Loopback());
  HttpClient client(server->port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&requests, "GET /", i, " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.Receive().body, absl::StrCat("/", i, "|"));
  }
}

TEST(HttpServerTest, AnswersAClientThatSendsByteByByte) {
  const auto server = StartServer(Loopback());
  HttpClient client(server->port());
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Receive().body, "/p|hello");
}

TEST(HttpServerTest, ServesManyConnectionsOnAllThreads) {
  const auto server = StartServer(Loopback());
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    ASSERT_TRUE(clients.back()->Send(kGet));
  }
  for (const auto& client : clients) EXPECT_EQ(client->Receive().status, 200);
  EXPECT_EQ(server->Count(HttpCount::kGet), 200);
}

TEST(HttpServerTest, SendsALargeBodyToASlowReader) {
  const auto server = StartServer(Loopback());
  HttpClient slow(server->port());
  ASSERT_TRUE(slow.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  // It fills the kernel's buffers and waits; others are served meanwhile.
  ASSERT_TRUE(
      Eventually([&] { return server->Count(HttpCount::kBytesSent) > 10000; }));
  for (int i = 0; i < 4; ++i) {
    HttpClient other(server->port());
    ASSERT_TRUE(other.Send(kGet));
    EXPECT_EQ(other.Receive().status, 200);
  }
  EXPECT_EQ(slow.Receive().body.size(), 32u << 20);
}

TEST(HttpServerTest, ClosesAfterHttp10) {
  const auto server = StartServer(Loopback());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("GET /a HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.Receive().fields["connection"], "close");
  EXPECT_TRUE(client.ReceivesEnd());
}

TEST(HttpServerTest, AnswersAClientThatEndedItsHalf) {
  const auto server = StartServer(Loopback());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(kGet));
  client.EndSending();
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_TRUE(client.ReceivesEnd());
}

TEST(HttpServerTest, TellsWhyWhileTheClientIsStillSending) {
  const auto server = StartServer(Loopback());
  HttpClient client(server->port());
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n"
                  "\r\n"));
  client.Send(std::string(500000, 'a'));
  EXPECT_EQ(client.Receive().status, 413);
  client.EndSending();
  EXPECT_TRUE(client.ReceivesEnd());
}

TEST(HttpServerTest, SurvivesGarbageAndClientsThatVanish) {
  const auto server = StartServer(Loopback());
  for (int i = 0; i < 50; ++i) {
    HttpClient garbage(server->port());
    garbage.Send(std::string(100, static_cast<char>(i)));
    HttpClient vanishes(server->port());
    vanishes.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(kGet));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_TRUE(Eventually(
      [&] { return server->Count(HttpCount::kConnectionsClosed) == 100; }));
}

TEST(HttpServerTest, ClosesIdleAndHalfOpenConnections) {
  const auto server =
      StartServer(Loopback({.request_timeout = absl::Milliseconds(50),
                            .idle_timeout = absl::Milliseconds(50)}));
  HttpClient silent(server->port());
  HttpClient half(server->port());
  ASSERT_TRUE(half.Send("GET /a HTTP/1.1\r\nHo"));
  HttpClient idle(server->port());
  ASSERT_TRUE(idle.Send(kGet));
  EXPECT_EQ(idle.Receive().status, 200);
  EXPECT_TRUE(idle.ReceivesEnd());
  EXPECT_TRUE(silent.ReceivesEnd());
  EXPECT_EQ(half.Receive().status, 408);
  half.EndSending();
  EXPECT_TRUE(half.ReceivesEnd());
  EXPECT_EQ(server->Count(HttpCount::kTimeouts), 3);
}

TEST(HttpServerTest, RefusesConnectionsOverTheBound) {
  const auto server = StartServer(Loopback({.connections = 2}));
  auto first = std::make_unique<HttpClient>(server->port());
  HttpClient second(server->port());
  ASSERT_TRUE(first->Send(kGet));
  ASSERT_TRUE(second.Send(kGet));
  EXPECT_EQ(first->Receive().status, 200);
  EXPECT_EQ(second.Receive().status, 200);
  HttpClient third(server->port());
  ClientResponse refusal = third.Receive();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.fields["retry-after"], "5");
  EXPECT_TRUE(third.ReceivesEnd());
  EXPECT_EQ(server->Count(HttpCount::kConnectionsRefused), 1);
  // One goes, another may come.
  first.reset();
  ASSERT_TRUE(Eventually(
      [&] { return server->Count(HttpCount::kConnectionsClosed) == 1; }));
  HttpClient fourth(server->port());
  ASSERT_TRUE(fourth.Send(kGet));
  EXPECT_EQ(fourth.Receive().status, 200);
}

TEST(HttpServerTest, RefusesConnectionsOfOneAddressOverTheBound) {
  const auto server = StartServer(Loopback({.connections_per_address = 1}));
  HttpClient first(server->port());
  ASSERT_TRUE(first.Send(kGet));
  EXPECT_EQ(first.Receive().status, 200);
  HttpClient second(server->port());
  EXPECT_EQ(second.Receive().status, 503);
}

// Takes as long as it is told to.
class SlowHandler final : public HttpHandler {
 public:
  explicit SlowHandler(const std::atomic<bool>& slow) : slow_(slow) {}
  void Handle(const HttpRequest&, HttpResponse& response) override {
    if (slow_) absl::SleepFor(absl::Microseconds(200));
    response.body = "done";
  }

 private:
  const std::atomic<bool>& slow_;
};

TEST(HttpServerTest, RefusesNewClientsWhileItCannotKeepUp) {
  std::atomic<bool> slow = true, stop = false;
  HttpServerOptions options =
      Loopback({.output_bytes = 200, .max_lag = absl::Milliseconds(50)});
  options.threads = 1;
  const auto server = HttpServer::Start(options, base::SystemClock(), [&] {
    return std::make_unique<SlowHandler>(slow);
  });
  ASSERT_THAT(server, IsOk());
  const int port = (*server)->port();
  // More than one look at the kernel's queue shows.
  std::vector<std::unique_ptr<HttpClient>> busy;
  for (int i = 0; i < 400; ++i) {
    busy.push_back(std::make_unique<HttpClient>(port));
  }
  std::thread load([&] {
    while (!stop) {
      for (const auto& client : busy) {
        if (!client->Send(kGet)) return;
      }
    }
  });
  EXPECT_TRUE(Eventually([&] {
    HttpClient late(port);
    return (*server)->Count(HttpCount::kConnectionsShed) != 0;
  }));
  {
    HttpClient late(port);
    ASSERT_TRUE(late.Send(kGet));
    const ClientResponse refused = late.Receive();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.fields.at("retry-after"), "");
    EXPECT_EQ(refused.fields.at("cache-control"), "no-store");
  }
  slow = false;
  stop = true;
  load.join();
  busy.clear();
  EXPECT_TRUE(Eventually([&] {
    HttpClient again(port);
    return again.Send(kGet) && again.Receive().body == "done";
  }));
}

TEST(HttpServerTest, StopFinishesWhatClientsHaveAsked) {
  HttpServerOptions options = Loopback();
  options.threads = 1;  // So that the end of one client shows it has begun.
  const auto server = StartServer(options);
  HttpClient idle(server->port());
  ASSERT_TRUE(idle.Send(kGet));
  EXPECT_EQ(idle.Receive().status, 200);
  HttpClient busy(server->port());
  ASSERT_TRUE(busy.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  HttpClient half(server->port());
  ASSERT_TRUE(half.Send("GET /b HTTP/1.1\r\nHo"));
  ASSERT_TRUE(Eventually([&] {
    return server->Count(HttpCount::kConnections) == 3 &&
           server->Count(HttpCount::kGet) == 2;
  }));
  std::thread stopping([&] { server->Stop(); });
  EXPECT_TRUE(idle.ReceivesEnd());
  ASSERT_TRUE(half.Send("st: x\r\n\r\n"));
  ClientResponse last = half.Receive();
  EXPECT_EQ(last.body, "/b|");
  EXPECT_EQ(last.fields["connection"], "close");
  EXPECT_EQ(busy.Receive().body.size(), 32u << 20);
  EXPECT_TRUE(busy.ReceivesEnd());
  stopping.join();
  HttpClient late(server->port());
  EXPECT_FALSE(late.Send(kGet));
}

TEST(HttpServerTest, StopDoesNotWaitForEver) {
  HttpServerOptions options = Loopback();
  options.drain_timeout = absl::Milliseconds(100);
  const auto server = StartServer(options);
  HttpClient stuck(server->port());
  ASSERT_TRUE(stuck.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(Eventually([&] { return server->Count(HttpCount::kGet) == 1; }));
  server->Stop();
  EXPECT_EQ(server->Count(HttpCount::kConnectionsClosed), 1);
}

TEST(HttpServerTest, TellsThatAPortIsInUse) {
  const auto server = StartServer(Loopback());
  HttpServerOptions same = Loopback();
  same.address = server->address();
  EXPECT_THAT(HttpServer::Start(same, base::SystemClock(),
                                [] { return std::make_unique<EchoHandler>(); })
                  .status(),
              StatusIs(absl::StatusCode::kAlreadyExists, server->address()));
}

TEST(HttpServerTest, APortIsFreeAgainAtOnce) {
  auto server = StartServer(Loopback());
  HttpServerOptions same = Loopback();
  same.address = server->address();
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(kGet));
  EXPECT_EQ(client.Receive().status, 200);
  server->Stop();
  server = StartServer(same);
}

TEST(HttpServerTest, ListensOnAllInterfacesAndOnIpv6) {
  HttpServerOptions options = Loopback();
  options.address = ":0";
  const auto server = StartServer(options);
  HttpClient over_ipv4(server->port());
  ASSERT_TRUE(over_ipv4.Send(kGet));
  EXPECT_EQ(over_ipv4.Receive().status, 200);
}

TEST(HttpServerTest, RefusesAddressesThatAreNone) {
  for (const char* address :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
        "127.0.0.1:-1", "::1:80", "192.0.2.1:0", "no.such.host.invalid:0"}) {
    HttpServerOptions options = Loopback();
    options.address = address;
    EXPECT_THAT(
        HttpServer::Start(options, base::SystemClock(),
                          [] { return std::make_unique<EchoHandler>(); })
            .status(),
        StatusIs(absl::StatusCode::kInvalidArgument, address));
  }
}

TEST(HttpServerTest, RefusesBoundsThatLetNobodyIn) {
  HttpServerOptions options = Loopback();
  options.limits.idle_timeout = absl::ZeroDuration();
  EXPECT_THAT(HttpServer::Start(options, base::SystemClock(),
                                [] { return std::make_unique<EchoHandler>(); })
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "positive"));
}

}  // namespace
}  // namespace chancery::responder
