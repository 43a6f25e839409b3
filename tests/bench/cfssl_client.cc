#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/certificate_client.h"

namespace chancery::bench {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

class CfsslClient final : public CertificateClient {
 public:
  explicit CfsslClient(int port) : socket_(io_) {
    const tcp::endpoint server(boost::asio::ip::address_v4::loopback(),
                               static_cast<uint16_t>(port));
    socket_.connect(server);
    socket_.set_option(tcp::no_delay(true));
  }

  absl::StatusOr<std::string> Issue(const std::string& csr) override {
    http::request<http::string_body> request(http::verb::post,
                                             "/api/v1/cfssl/sign", 11);
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/json");
    request.body() = nlohmann::json{{"certificate_request", csr}}.dump();
    request.prepare_payload();
    boost::system::error_code error;
    http::write(socket_, request, error);
    http::response<http::string_body> response;
    if (!error) http::read(socket_, buffer_, response, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat("cfssl: ", error.message()));
    }
    const auto answer = nlohmann::json::parse(response.body(), nullptr, false);
    if (answer.is_discarded() || !answer.value("success", false)) {
      return absl::InternalError(absl::StrCat("cfssl: ", response.body()));
    }
    return answer["result"]["certificate"].get<std::string>();
  }

  absl::StatusOr<std::string> IssueMany(const std::vector<std::string>&,
                                        uint64_t) override {
    return absl::UnimplementedError("cfssl has no such call");
  }

 private:
  boost::asio::io_context io_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CertificateClient>> MakeCfsslClient(int port) {
  try {
    return std::make_unique<CfsslClient>(port);
  } catch (const boost::system::system_error& error) {
    return absl::UnavailableError(absl::StrCat("cfssl: ", error.what()));
  }
}

}  // namespace chancery::bench
