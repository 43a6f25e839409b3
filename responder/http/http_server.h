// HTTP/1.0 and 1.1 on every core.
//
//   ASSIGN_OR_RETURN(auto server, HttpServer::Start(
//       {.address = ":8080"}, base::SystemClock(),
//       [&] { return std::make_unique<OcspHttp>(...); }));
//   std::cout << server->address();
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_SERVER_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "responder/http/http_counters.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"
#include "responder/http/listener.h"

namespace chancery::responder {

struct HttpServerOptions {
  // "host:port". Empty host: all interfaces; port 0: a free one.
  std::string address;
  // Event loops. 0: one per core.
  size_t threads = 0;
  HttpLimits limits;
  // How long Stop waits for clients that are slow to take their answers.
  absl::Duration drain_timeout = absl::Seconds(5);
};

// The number of event loops that `options` ask for.
size_t LoopsOf(const HttpServerOptions& options);

// One thread per event loop, each with a listening socket (SO_REUSEPORT), a
// handler and memory of its own. Wall time, for Date and for handlers, is the
// clock's; deadlines use the kernel's monotonic clock. Thread-safe.
class HttpServer {
 public:
  // Called on the starting thread, once for each event loop.
  using HandlerFactory = std::function<std::unique_ptr<HttpHandler>()>;

  // Serves when it returns. `clock` must outlive the server.
  // InvalidArgument for a bad address or bounds, AlreadyExists for a port in
  // use, PermissionDenied for one that needs privileges.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const HttpServerOptions& options, const base::Clock& clock,
      const HandlerFactory& make_handler);
  // As above, with sockets that listen already: `options.address` is not looked
  // at, and there is a loop for each.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const HttpServerOptions& options, Listeners listeners,
      const base::Clock& clock, const HandlerFactory& make_handler);
  // Stops.
  ~HttpServer();

  // With the port that was chosen.
  const std::string& address() const;
  int port() const;

  // The listening sockets once more, for another process. Unavailable: this one
  // stops, or has no descriptor left.
  absl::StatusOr<std::vector<Fd>> ShareListeners() const;
  // Another process now accepts from these sockets. Accepts no more, and
  // returns the connections that are between two requests, for it to go on
  // with. Requests that have arrived are answered; Stop waits for them. Once.
  std::vector<Fd> HandOver();
  // Goes on with a connection that another process gave up.
  void Adopt(Fd connection);

  // Takes no more connections, answers every request that has arrived and
  // returns when its clients have the answers, or after drain_timeout.
  void Stop();

  // Of all threads together.
  uint64_t Count(HttpCount name) const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_SERVER_H_
