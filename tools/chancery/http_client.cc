#include "tools/chancery/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "rpc/version.h"

namespace chancery::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// One exchange, run to its end or its timeout by Run.
class Exchange {
 public:
  Exchange(const HttpRequest& request, HttpUrl url)
      : url_(std::move(url)), request_(request) {
    parser_.body_limit(request.max_response_bytes);
    parser_.header_limit(64 << 10);
    message_.version(11);
    message_.target(url_.path);
    message_.set(http::field::host, HostField());
    message_.set(http::field::user_agent,
                 std::string("chancery/") + rpc::kVersion);
    message_.set(http::field::connection, "close");
    message_.method(http::verb::get);
    if (!request.content_type.empty()) {
      message_.method(http::verb::post);
      message_.set(http::field::content_type, request.content_type);
      message_.body() = request.body;
      message_.prepare_payload();
    }
  }

  absl::StatusOr<HttpResponse> Run() {
    resolver_.async_resolve(url_.host, url_.port,
                            [this](beast::error_code error,
                                   asio::ip::tcp::resolver::results_type to) {
                              if (Failed("resolving " + url_.host, error))
                                return;
                              Connect(to);
                            });
    // Bounds name resolution too, which no socket's timer covers.
    context_.run_for(absl::ToChronoMilliseconds(request_.timeout));
    if (!done_) return Error("no answer within the time allowed");
    if (!failure_.empty()) return Error(failure_);
    const auto& response = parser_.get();
    return HttpResponse{.status = static_cast<int>(response.result_int()),
                        .content_type = Field(http::field::content_type),
                        .cache_control = Field(http::field::cache_control),
                        .etag = Field(http::field::etag),
                        .body = response.body()};
  }

 private:
  void Connect(const asio::ip::tcp::resolver::results_type& to) {
    stream_.async_connect(
        to, [this](beast::error_code error, const asio::ip::tcp::endpoint&) {
          if (!Failed("connecting", error)) Write();
        });
  }

  void Write() {
    http::async_write(stream_, message_,
                      [this](beast::error_code error, size_t) {
                        if (!Failed("sending", error)) Read();
                      });
  }

  void Read() {
    http::async_read(stream_, buffer_, parser_,
                     [this](beast::error_code error, size_t) {
                       if (!Failed("reading the answer", error)) done_ = true;
                     });
  }

  bool Failed(const std::string& step, beast::error_code error) {
    if (!error) return false;
    failure_ = step + ": " + error.message();
    done_ = true;
    return true;
  }

  absl::Status Error(const std::string& what) const {
    return absl::UnavailableError(absl::StrCat(request_.url, ": ", what));
  }

  std::string HostField() const {
    const bool ipv6 = absl::StrContains(url_.host, ":");
    return absl::StrCat(ipv6 ? "[" : "", url_.host, ipv6 ? "]" : "",
                        url_.port == "80" ? "" : ":",
                        url_.port == "80" ? "" : url_.port);
  }

  std::string Field(http::field field) const {
    const auto value = parser_.get()[field];
    return std::string(value.data(), value.size());
  }

  const HttpUrl url_;
  const HttpRequest& request_;
  asio::io_context context_;
  asio::ip::tcp::resolver resolver_{context_};
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_;
  http::request<http::string_body> message_;
  http::response_parser<http::string_body> parser_;
  bool done_ = false;
  std::string failure_;
};

}  // namespace

absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view url) {
  const auto bad = [&](absl::string_view rule) {
    return absl::InvalidArgumentError(
        absl::StrCat("URL: value `", url, "`: ", rule));
  };
  absl::string_view rest = url;
  if (!absl::ConsumePrefix(&rest, "http://")) {
    return bad("must begin with http://");
  }
  for (const char c : rest) {
    if (c <= ' ' || c == 0x7f) return bad("has a space or control character");
  }
  rest = rest.substr(0, rest.find('#'));
  const size_t slash = rest.find_first_of("/?");
  absl::string_view authority = rest.substr(0, slash);
  HttpUrl out;
  if (slash != absl::string_view::npos)
    out.path = std::string(rest.substr(slash));
  if (out.path.empty() || out.path[0] != '/') out.path.insert(0, "/");
  if (absl::StrContains(authority, "@")) return bad("must not name a user");

  size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (colon != absl::string_view::npos && bracket != absl::string_view::npos &&
      colon < bracket) {
    colon = absl::string_view::npos;  // A colon of an IPv6 address.
  }
  absl::string_view host = authority.substr(0, colon);
  out.port = "80";
  if (colon != absl::string_view::npos) {
    out.port = std::string(authority.substr(colon + 1));
    uint32_t number = 0;
    if (!absl::SimpleAtoi(out.port, &number) || number == 0 || number > 65535) {
      return bad("the port must be 1 to 65535");
    }
  }
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) {
    return bad("an IPv6 address ends with ]");
  }
  if (host.empty()) return bad("names no host");
  out.host = std::string(host);
  return out;
}

absl::StatusOr<HttpResponse> FetchHttp(const HttpRequest& request) {
  ASSIGN_OR_RETURN(HttpUrl url, ParseHttpUrl(request.url));
  return Exchange(request, std::move(url)).Run();
}

}  // namespace chancery::cli
