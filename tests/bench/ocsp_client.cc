#include "tests/bench/ocsp_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "tests/bench/dataset.h"
#include "x509/ocsp/response.h"

namespace chancery::bench {

absl::StatusOr<OcspClient> OcspClient::Connect(uint16_t port,
                                               std::string request) {
  if (request.size() <= kSerialSize) {
    return absl::InvalidArgumentError("request: too short");
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) != 0) {
    if (fd >= 0) close(fd);
    return absl::UnavailableError(absl::StrCat("port ", port));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return OcspClient(fd, std::move(request));
}

OcspClient::OcspClient(int fd, std::string request)
    : fd_(fd), request_(std::move(request)) {}

OcspClient::OcspClient(OcspClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      request_(other.request_),
      buffer_(std::move(other.buffer_)) {}

OcspClient::~OcspClient() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<bool> OcspClient::IsRevoked(const std::string& serial) {
  ASSIGN_OR_RETURN(
      const std::string der,
      Exchange(request_.substr(0, request_.size() - kSerialSize) + serial));
  ASSIGN_OR_RETURN(const x509::OcspResponse response,
                   x509::ParseOcspResponse(base::AsBytes(der)));
  if (response.responses.empty()) return false;  // tryLater, for one.
  return response.responses[0].status == x509::SingleResponse::Status::kRevoked;
}

absl::StatusOr<std::string> OcspClient::Exchange(const std::string& body) {
  const std::string message = absl::StrCat(
      "POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: "
      "application/ocsp-request\r\nContent-Length: ",
      body.size(), "\r\n\r\n", body);
  if (send(fd_, message.data(), message.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(message.size())) {
    return absl::UnavailableError("the connection ended");
  }
  while (true) {
    const size_t end = buffer_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string head =
          absl::AsciiStrToLower(buffer_.substr(0, end + 2));
      const size_t at = head.find("content-length: ");
      if (at == std::string::npos) {
        return absl::InvalidArgumentError("an answer without a length");
      }
      const size_t length = std::strtoul(head.c_str() + at + 16, nullptr, 10);
      if (buffer_.size() >= end + 4 + length) {
        std::string answer = buffer_.substr(end + 4, length);
        buffer_.erase(0, end + 4 + length);
        return answer;
      }
    }
    char piece[16384];
    const ssize_t got = recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) return absl::UnavailableError("the connection ended");
    buffer_.append(piece, static_cast<size_t>(got));
  }
}

}  // namespace chancery::bench
