#include "tests/mutation/exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/mutation/http_stream.h"

namespace chancery::mutation {
namespace {

constexpr int kPatienceSeconds = 10;

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status Failed(const char* call) {
  const std::string text = absl::StrCat(call, ": ", std::strerror(errno));
  return errno == EAGAIN ? absl::DeadlineExceededError(text)
                         : absl::UnavailableError(text);
}

sockaddr_in Loopback(uint32_t host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000000 | host);
  address.sin_port = htons(port);
  return address;
}

absl::Status Connect(const Socket& socket, uint16_t port, uint64_t source) {
  // Many addresses: one has ports for some 28,000 connections a minute.
  const int one = 1;
  setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
             sizeof one);
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    setsockopt(socket.get(), SOL_SOCKET, option, &patience, sizeof patience);
  }
  const sockaddr_in from = Loopback(static_cast<uint32_t>(1 + source % 200), 0);
  const sockaddr_in to = Loopback(1, port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&from),
           sizeof from) != 0) {
    return Failed("bind");
  }
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to),
              sizeof to) != 0) {
    return Failed("connect");
  }
  return absl::OkStatus();
}

absl::Status SendAll(const Socket& socket, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t sent =
        send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0) return Failed("send");
    octets.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

// What clients are told that sent something else than a request for a status.
bool IsExpectedStatus(int status) {
  static const auto& statuses = *new std::set<int>{
      200, 304, 400, 404, 405, 408, 413, 414, 415, 417, 431, 501, 503, 505};
  return statuses.contains(status);
}

// The OCSPRequest in an HTTP request; false if there is none.
bool OcspRequestIn(const SeenRequest& request, std::string& der) {
  if (request.method == "POST") {
    der = request.body;
    return true;
  }
  return (request.method == "GET" || request.method == "HEAD") &&
         ReadOcspTarget(request.target, der);
}

std::string CheckResponse(const SeenRequest* request,
                          const SeenResponse& response, Judge& judge,
                          Answer& answer) {
  if (!IsExpectedStatus(response.status)) {
    return absl::StrCat("HTTP status ", response.status);
  }
  answer = Answer::kMalformed;
  const bool complete = request != nullptr && request->complete;
  if (response.status == 304) {
    const bool asked =
        complete &&
        (FindField(request->fields, "if-none-match") != nullptr ||
         FindField(request->fields, "if-modified-since") != nullptr);
    return asked ? "" : "304 to no condition";
  }
  const std::string* type = FindField(response.fields, "content-type");
  const bool is_ocsp = type != nullptr && *type == "application/ocsp-response";
  if (response.status != 200) {
    return is_ocsp ? "an OCSP answer with an HTTP error" : "";
  }
  if (!complete) return "200 to what is no request";
  if (!is_ocsp || request->method == "HEAD") return "";
  std::string der;
  if (!OcspRequestIn(*request, der)) der.clear();
  return judge.Check(der, response.body, answer);
}

}  // namespace

void Counts::Add(const Counts& other) {
  mutated += other.mutated;
  certain += other.certain;
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
  for (const auto& [answer, count] : other.answers) answers[answer] += count;
}

absl::StatusOr<std::string> Converse(uint16_t port, const Stream& stream,
                                     uint64_t source) {
  const Socket socket;
  if (auto made = Connect(socket, port, source); !made.ok()) return made;
  const std::string_view octets = stream.octets;
  size_t from = 0;
  absl::Status sent = absl::OkStatus();
  for (const size_t cut : stream.cuts) {
    sent = SendAll(socket, octets.substr(from, cut - from));
    if (!sent.ok()) break;
    from = cut;
  }
  if (sent.ok()) sent = SendAll(socket, octets.substr(from));
  if (absl::IsDeadlineExceeded(sent)) return sent;
  shutdown(socket.get(), SHUT_WR);
  // A server that refused something may have closed before all was sent.
  std::string back;
  char buffer[16384];
  while (true) {
    const ssize_t got = recv(socket.get(), buffer, sizeof buffer, 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return back;
    if (got < 0) return Failed("recv");
    back.append(buffer, static_cast<size_t>(got));
  }
}

std::string CheckStream(const Stream& stream, const std::string& back,
                        Judge& judge, Counts& counts) {
  const std::vector<SeenRequest> requests = ReadRequests(stream.octets);
  std::string_view in = back;
  size_t index = 0;
  while (!in.empty()) {
    const SeenRequest* request =
        index < requests.size() ? &requests[index] : nullptr;
    const bool head = request != nullptr && request->method == "HEAD";
    const std::string where = absl::StrCat(
        "request ", index, ": ",
        request == nullptr ? "(none)" : absl::CEscape(request->target), ": ");
    SeenResponse response;
    if (!ReadResponse(in, !head, response)) {
      return absl::StrCat(where, "no HTTP response: ",
                          absl::CEscape(std::string(in.substr(0, 400))));
    }
    if (response.status == 100) continue;
    // Who cannot read a request line does not know that it said HEAD.
    const std::string* size = FindField(response.fields, "content-length");
    if (head && response.status >= 400 && size != nullptr &&
        *size == std::to_string(in.size())) {
      in = {};
    }
    if (index > requests.size()) return where + "more answers than requests";
    ++counts.statuses[response.status];
    Answer answer = Answer::kMalformed;
    const std::string wrong = CheckResponse(request, response, judge, answer);
    if (!wrong.empty()) return where + wrong;
    if (index < stream.certain.size()) {
      // A condition or a method may have taken the answer away, but no wrong
      // one may have come.
      if (response.status != 200 || answer != stream.certain[index]) {
        return absl::StrCat(where, "a valid request was answered ",
                            response.status, ", ", static_cast<int>(answer));
      }
      ++counts.certain;
    } else {
      ++counts.answers[answer];
    }
    ++index;
  }
  if (index < stream.certain.size()) {
    return absl::StrCat("request ", index, ": a valid request had no answer");
  }
  // All that was answered, and the one that ended the connection.
  const size_t behind = index + 1 - stream.certain.size();
  counts.mutated += std::min(behind, stream.mutated);
  return "";
}

}  // namespace chancery::mutation
