#include "rpc/admin_http.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "rpc/address.h"

namespace chancery::rpc {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr int kMaxConnections = 64;
constexpr std::chrono::seconds kIdle(10);
constexpr uint32_t kMaxHeaderBytes = 8 << 10;

// What the listener answers with.
struct Pages {
  const Metrics& metrics;
  std::function<absl::Status()> ready;
};

Response Answer(const Pages& pages, const Request& request) {
  Response response(http::status::ok, request.version());
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());

  const auto target = request.target().substr(0, request.target().find('?'));
  if (request.method() != http::verb::get &&
      request.method() != http::verb::head) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    response.body() = "GET or HEAD only\n";
  } else if (target == "/metrics") {
    response.set(http::field::content_type,
                 "text/plain; version=0.0.4; charset=utf-8");
    response.body() = pages.metrics.Text();
  } else if (target == "/healthz") {
    response.body() = "ok\n";
  } else if (target == "/readyz") {
    const absl::Status ready = pages.ready();
    if (!ready.ok()) response.result(http::status::service_unavailable);
    response.body() =
        ready.ok() ? "ready\n" : absl::StrCat(ready.message(), "\n");
  } else {
    response.result(http::status::not_found);
    response.body() = "/metrics, /healthz and /readyz are here\n";
  }
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

// One connection; keeps itself alive until it ends.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Pages& pages, int& connections)
      : stream_(std::move(socket)), pages_(pages), connections_(connections) {
    ++connections_;
  }
  ~Session() { --connections_; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    stream_.expires_after(kIdle);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (!error) self->Write();
                     });
  }

 private:
  void Write() {
    response_ = Answer(pages_, parser_->get());
    stream_.expires_after(kIdle);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](error_code error, size_t) {
                        if (!error && self->response_.keep_alive()) {
                          self->Read();
                        }
                      });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kMaxHeaderBytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  const Pages& pages_;
  int& connections_;
};

}  // namespace

class AdminHttp::Listener {
 public:
  explicit Listener(Pages pages) : pages_(std::move(pages)) {}
  ~Listener() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Open(const std::string& text) {
    ASSIGN_OR_RETURN(Address wanted, ParseAddress(text));
    if (wanted.is_unix()) {
      return absl::InvalidArgumentError(
          absl::StrCat("address `", text, "`: must be host:port"));
    }
    error_code error;
    tcp::resolver resolver(loop_);
    const auto found =
        resolver.resolve(wanted.host, std::to_string(wanted.port),
                         tcp::resolver::passive, error);
    if (error) return ExplainBindFailure(wanted);
    const tcp::endpoint endpoint = *found.begin();
    if (acceptor_.open(endpoint.protocol(), error) ||
        acceptor_.set_option(tcp::acceptor::reuse_address(true), error) ||
        acceptor_.bind(endpoint, error) ||
        acceptor_.listen(kMaxConnections, error)) {
      return ExplainBindFailure(wanted);
    }
    wanted.port = acceptor_.local_endpoint(error).port();
    address_ = FormatAddress(wanted);
    Accept();
    thread_ = std::thread([this] { loop_.run(); });
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      // One too many is closed at once.
      if (!error && connections_ < kMaxConnections) {
        std::make_shared<Session>(std::move(socket), pages_, connections_)
            ->Read();
      }
      if (!error) return Accept();
      // Out of file descriptors, perhaps: not in a busy loop.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](error_code stopped) {
        if (!stopped) Accept();
      });
    });
  }

  const Pages pages_;
  int connections_ = 0;  // The loop's thread only. Sessions count in it, so it
                         // outlives the loop, which owns them.
  asio::io_context loop_{1};
  tcp::acceptor acceptor_{loop_};
  asio::steady_timer pause_{loop_};
  std::string address_;
  std::thread thread_;
};

AdminHttp::AdminHttp(std::unique_ptr<Listener> listener)
    : listener_(std::move(listener)) {}
AdminHttp::~AdminHttp() = default;

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::Start(
    const std::string& address, const Metrics& metrics,
    std::function<absl::Status()> ready) {
  auto listener = std::make_unique<Listener>(
      Pages{.metrics = metrics, .ready = std::move(ready)});
  RETURN_IF_ERROR(listener->Open(address));
  return std::unique_ptr<AdminHttp>(new AdminHttp(std::move(listener)));
}

const std::string& AdminHttp::address() const { return listener_->address(); }

}  // namespace chancery::rpc
