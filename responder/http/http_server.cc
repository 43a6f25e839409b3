#include "responder/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "responder/http/connection_quota.h"
#include "responder/http/http_worker.h"
#include "responder/http/listener.h"

namespace chancery::responder {
namespace {

absl::Status Check(const HttpLimits& limits) {
  if (limits.header_bytes < 256) {
    return absl::InvalidArgumentError(
        absl::StrCat("header_bytes is ", limits.header_bytes,
                     ", which is less than 256: no client could ask"));
  }
  for (const absl::Duration timeout :
       {limits.request_timeout, limits.idle_timeout, limits.linger_timeout,
        limits.max_lag}) {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("an HTTP timeout or max_lag is ",
                       absl::FormatDuration(timeout), "; it must be positive"));
    }
  }
  if (limits.connections == 0 || limits.min_write_bytes_per_second == 0 ||
      limits.output_bytes == 0) {
    return absl::InvalidArgumentError(
        "connections, min_write_bytes_per_second and output_bytes must be "
        "positive");
  }
  return absl::OkStatus();
}

}  // namespace

size_t LoopsOf(const HttpServerOptions& options) {
  if (options.threads != 0) return options.threads;
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

struct HttpServer::State {
  explicit State(const HttpLimits& limits)
      : quota(limits.connections, limits.connections_per_address) {}

  std::string address;
  int port = 0;
  std::atomic<size_t> adopted{0};
  ConnectionQuota quota;
  std::vector<std::unique_ptr<HttpHandler>> handlers;
  std::vector<std::unique_ptr<HttpWorker>> workers;
  base::Mutex mu;
  std::vector<std::thread> threads ABSL_GUARDED_BY(mu);
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpServerOptions& options, const base::Clock& clock,
    const HandlerFactory& make_handler) {
  RETURN_IF_ERROR(Check(options.limits));
  ASSIGN_OR_RETURN(Listeners listeners,
                   Listen(options.address, LoopsOf(options)));
  return Start(options, std::move(listeners), clock, make_handler);
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpServerOptions& options, Listeners listeners,
    const base::Clock& clock, const HandlerFactory& make_handler) {
  RETURN_IF_ERROR(Check(options.limits));
  auto state = std::make_unique<State>(options.limits);
  state->address = listeners.address;
  state->port = listeners.port;
  for (Fd& listener : listeners.sockets) {
    state->handlers.push_back(make_handler());
    state->workers.push_back(std::make_unique<HttpWorker>(
        HttpWorker::Options{.listener = std::move(listener),
                            .limits = options.limits,
                            .drain_timeout = options.drain_timeout},
        clock, *state->handlers.back(), state->quota));
    RETURN_IF_ERROR(state->workers.back()->Start());
  }
  {
    base::MutexLock lock(state->mu);
    for (const auto& worker : state->workers) {
      state->threads.emplace_back([&worker = *worker] { worker.Run(); });
    }
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

HttpServer::~HttpServer() { Stop(); }

const std::string& HttpServer::address() const { return state_->address; }
int HttpServer::port() const { return state_->port; }

absl::StatusOr<std::vector<Fd>> HttpServer::ShareListeners() const {
  std::vector<Fd> shared;
  for (const auto& worker : state_->workers) {
    Fd fd = worker->ShareListener();
    if (!fd.valid()) {
      return absl::UnavailableError(
          "the server stops, or no descriptor is left for a listening socket");
    }
    shared.push_back(std::move(fd));
  }
  return shared;
}

std::vector<Fd> HttpServer::HandOver() {
  std::vector<Fd> idle;
  for (const auto& worker : state_->workers) {
    for (Fd& fd : worker->HandOver()) idle.push_back(std::move(fd));
  }
  return idle;
}

void HttpServer::Adopt(Fd connection) {
  const size_t next = state_->adopted++ % state_->workers.size();
  state_->workers[next]->Adopt(std::move(connection));
}

void HttpServer::Stop() {
  for (const auto& worker : state_->workers) worker->Stop();
  base::MutexLock lock(state_->mu);
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

uint64_t HttpServer::Count(HttpCount name) const {
  uint64_t sum = 0;
  for (const auto& worker : state_->workers) {
    sum += worker->counters().Get(name);
  }
  return sum;
}

}  // namespace chancery::responder
