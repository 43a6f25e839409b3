#include "tools/chancery/http_pipeline.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rpc/version.h"

namespace chancery::cli {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using Parser = http::response_parser<http::string_body>;

std::string Field(const Parser& parser, http::field field) {
  const auto value = parser.get()[field];
  return std::string(value.data(), value.size());
}

// Takes responses out of what has arrived.
class Responses {
 public:
  explicit Responses(size_t max_bytes) : max_bytes_(max_bytes) { Begin(); }

  // Adds the complete ones to `out`; what is left waits for more.
  // InvalidArgument: it is not HTTP, or too large.
  absl::Status Take(std::vector<HttpResponse>& out) {
    size_t at = 0;
    while (at < pending_.size()) {
      beast::error_code error;
      const size_t used = parser_->put(
          boost::asio::buffer(pending_.data() + at, pending_.size() - at),
          error);
      at += used;
      if (error == http::error::need_more) break;
      if (error) return absl::InvalidArgumentError(error.message());
      // The parser's own limit is not kept by all of its paths.
      if (parser_->content_length().value_or(0) > max_bytes_ ||
          parser_->get().body().size() > max_bytes_) {
        return absl::InvalidArgumentError("it is too large");
      }
      if (!parser_->is_done()) {
        if (used == 0) break;
        continue;
      }
      closes_ |= !parser_->keep_alive();
      out.push_back(ToResponse(*parser_));
      Begin();
    }
    pending_.erase(0, at);
    return absl::OkStatus();
  }

  void Append(const char* data, size_t size) { pending_.append(data, size); }
  // The server said that it closes the connection.
  bool closes() const { return closes_; }

  static HttpResponse ToResponse(const Parser& parser) {
    return {.status = static_cast<int>(parser.get().result_int()),
            .content_type = Field(parser, http::field::content_type),
            .cache_control = Field(parser, http::field::cache_control),
            .etag = Field(parser, http::field::etag),
            .body = parser.get().body()};
  }

 private:
  void Begin() {
    parser_.emplace();
    parser_->eager(true);
    parser_->body_limit(max_bytes_);
    parser_->header_limit(64 << 10);
  }

  const size_t max_bytes_;
  std::string pending_;
  std::optional<Parser> parser_;
  bool closes_ = false;
};

absl::Status WaitFor(int fd, short events, absl::Duration timeout) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  int ready;
  do {
    ready =
        poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return absl::OkStatus();
  return absl::UnavailableError(ready == 0 ? "no answer within the time allowed"
                                           : std::strerror(errno));
}

absl::StatusOr<base::Fd> ConnectTo(const addrinfo& address,
                                   absl::Duration timeout) {
  base::Fd fd(socket(address.ai_family,
                     address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                     address.ai_protocol));
  if (!fd.valid()) return absl::UnavailableError(std::strerror(errno));
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) {
      return absl::UnavailableError(std::strerror(errno));
    }
    RETURN_IF_ERROR(WaitFor(fd.get(), POLLOUT, timeout));
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return absl::UnavailableError(std::strerror(error));
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

}  // namespace

absl::Status HttpPipeline::Failed(absl::string_view what) const {
  return absl::UnavailableError(what);
}

absl::Status HttpPipeline::Connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(url_.host.c_str(), url_.port.c_str(), &hints, &found);
  if (error != 0) {
    return Failed(
        absl::StrCat("resolving ", url_.host, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found,
                                                               &freeaddrinfo);
  absl::Status last = Failed("it has no address");
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    auto fd = ConnectTo(*one, options_.timeout);
    if (fd.ok()) {
      connection_ = *std::move(fd);
      return absl::OkStatus();
    }
    last = Failed(absl::StrCat("connecting: ", fd.status().message()));
  }
  return last;
}

std::string HttpPipeline::RequestFor(const std::string& content_type,
                                     const std::string& body) const {
  const bool ipv6 = absl::StrContains(url_.host, ":");
  return absl::StrCat(
      "POST ", url_.path, " HTTP/1.1\r\nHost: ", ipv6 ? "[" : "", url_.host,
      ipv6 ? "]" : "", url_.port == "80" ? "" : ":",
      url_.port == "80" ? "" : url_.port, "\r\nUser-Agent: chancery/",
      rpc::kVersion, "\r\nContent-Type: ", content_type,
      "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

absl::Status HttpPipeline::Exchange(const std::string& requests, size_t count,
                                    std::vector<HttpResponse>& responses) {
  Responses arrived(options_.max_response_bytes);
  const size_t wanted = responses.size() + count;
  const int fd = connection_.get();
  size_t sent = 0;
  char buffer[64 << 10];
  while (responses.size() < wanted && !arrived.closes()) {
    const short events = POLLIN | (sent < requests.size() ? POLLOUT : 0);
    RETURN_IF_ERROR(WaitFor(fd, events, options_.timeout));
    if (sent < requests.size()) {
      const ssize_t done = send(fd, requests.data() + sent,
                                requests.size() - sent, MSG_NOSIGNAL);
      if (done > 0) sent += static_cast<size_t>(done);
      // What was answered before an error of this kind is still to be read.
    }
    const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      connection_ = base::Fd();
      return absl::OkStatus();
    }
    arrived.Append(buffer, static_cast<size_t>(got));
    const absl::Status taken = arrived.Take(responses);
    if (!taken.ok()) {
      connection_ = base::Fd();
      return Failed(absl::StrCat("reading the answer: ", taken.message()));
    }
  }
  if (arrived.closes()) connection_ = base::Fd();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<HttpResponse>> HttpPipeline::Post(
    const std::string& content_type, const std::vector<std::string>& bodies) {
  std::vector<HttpResponse> responses;
  responses.reserve(bodies.size());
  int without_progress = 0;
  while (responses.size() < bodies.size()) {
    const bool fresh = !connection_.valid();
    if (fresh) RETURN_IF_ERROR(Connect());
    const size_t before = responses.size();
    std::string requests;
    for (size_t i = before; i < bodies.size(); ++i) {
      requests += RequestFor(content_type, bodies[i]);
    }
    const absl::Status done =
        Exchange(requests, bodies.size() - before, responses);
    if (!done.ok()) {
      connection_ = base::Fd();
      return done;
    }
    // An idle connection may have been closed meanwhile; a fresh one not.
    if (responses.size() > before) {
      without_progress = 0;
    } else if (++without_progress > (fresh ? 1 : 2)) {
      return Failed("it closes its connections without an answer");
    }
  }
  return responses;
}

}  // namespace chancery::cli
