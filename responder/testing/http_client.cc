#include "responder/testing/http_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace chancery::responder::testing {

ClientResponse TakeResponse(std::string& stream, bool head) {
  const size_t end = stream.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  ClientResponse out;
  const std::string header = stream.substr(0, end);
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(header, "\r\n")) {
    if (std::exchange(first, false)) {
      if (!absl::SimpleAtoi(line.substr(9, 3), &out.status)) return {};
      continue;
    }
    const size_t colon = line.find(": ");
    out.fields[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(line.substr(colon + 2));
  }
  size_t size = 0;
  if (!head && out.status >= 200 && out.status != 304 &&
      !absl::SimpleAtoi(out.fields["content-length"], &size)) {
    return {};
  }
  if (stream.size() < end + 4 + size) return {};
  out.body = stream.substr(end + 4, size);
  stream.erase(0, end + 4 + size);
  return out;
}

HttpClient::HttpClient(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    close(std::exchange(fd_, -1));
  }
}

HttpClient::~HttpClient() {
  if (fd_ >= 0) close(fd_);
}

bool HttpClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void HttpClient::EndSending() { shutdown(fd_, SHUT_WR); }

bool HttpClient::ReceiveMore() {
  char buffer[16384];
  const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  received_.append(buffer, static_cast<size_t>(got));
  return true;
}

ClientResponse HttpClient::Receive(bool head) {
  for (;;) {
    ClientResponse response = TakeResponse(received_, head);
    if (response.status != 0 || !ReceiveMore()) return response;
  }
}

std::string HttpClient::ReceiveAll() {
  while (ReceiveMore()) {
  }
  return std::exchange(received_, {});
}

bool HttpClient::ReceivesEnd() { return ReceiveAll().empty(); }

}  // namespace chancery::responder::testing
