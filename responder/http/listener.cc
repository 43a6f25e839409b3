#include "responder/http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::responder {
namespace {

constexpr int kBacklog = 4096;

struct HostPort {
  std::string host;
  std::string port;
};

absl::StatusOr<HostPort> Split(absl::string_view address) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(
        "HTTP address \"", address, "\": ", why, "; write host:port"));
  };
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return bad("has no port");
  absl::string_view host = address.substr(0, colon);
  const absl::string_view port = address.substr(colon + 1);
  uint32_t number = 0;
  if (!absl::SimpleAtoi(port, &number) || number > 65535) {
    return bad("the port is not a number from 0 to 65535");
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != absl::string_view::npos) {
    return bad("an IPv6 address needs brackets");
  }
  return HostPort{std::string(host), absl::StrCat(number)};
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::StatusOr<Addresses> Resolve(absl::string_view address) {
  ASSIGN_OR_RETURN(HostPort at, Split(address));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  // Of "::" one socket serves IPv4 too; "0.0.0.0" would come first.
  const char* host = at.host.empty() ? "::" : at.host.c_str();
  addrinfo* list = nullptr;
  const int failed = getaddrinfo(host, at.port.c_str(), &hints, &list);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", address, "\": ", gai_strerror(failed)));
  }
  return Addresses(list);
}

absl::Status Failed(absl::string_view address, int error) {
  const std::string message = absl::StrCat("cannot listen on \"", address,
                                           "\": ", std::strerror(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return absl::InvalidArgumentError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::StatusOr<Fd> Bind(absl::string_view text, const sockaddr_storage& address,
                        socklen_t size, bool reuse_port) {
  Fd fd(
      socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Failed(text, errno);
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  // Inherited by what it accepts: responses are written whole, so there is
  // nothing to wait for.
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (reuse_port &&
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return Failed(text, errno);
  }
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return Failed(text, errno);
  }
  return fd;
}

struct BoundAddress {
  std::string text;
  int port = 0;
};

BoundAddress Describe(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
    const int port = ntohs(v6.sin6_port);
    return {absl::StrCat("[", host, "]:", port), port};
  }
  sockaddr_in v4;
  std::memcpy(&v4, &address, sizeof v4);
  inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
  const int port = ntohs(v4.sin_port);
  return {absl::StrCat(host, ":", port), port};
}

}  // namespace

absl::StatusOr<Listeners> Listen(absl::string_view address, size_t count) {
  ASSIGN_OR_RETURN(Addresses addresses, Resolve(address));
  sockaddr_storage at{};
  socklen_t size = addresses->ai_addrlen;
  std::memcpy(&at, addresses->ai_addr, size);
  {
    // Fails if any socket listens here, shared or not. Its own claim ends with
    // this block; a port of 0 tells nothing and harms nothing.
    ASSIGN_OR_RETURN(Fd probe, Bind(address, at, size, /*reuse_port=*/false));
    if (listen(probe.get(), 1) != 0) return Failed(address, errno);
  }
  Listeners out;
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Fd fd, Bind(address, at, size, /*reuse_port=*/true));
    if (listen(fd.get(), kBacklog) != 0) return Failed(address, errno);
    // The first one has chosen the port for all.
    if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      return Failed(address, errno);
    }
    out.sockets.push_back(std::move(fd));
  }
  BoundAddress bound = Describe(at);
  out.address = std::move(bound.text);
  out.port = bound.port;
  return out;
}

absl::StatusOr<Listeners> Adopt(std::vector<Fd> sockets, size_t count) {
  if (sockets.empty()) {
    return absl::InvalidArgumentError("no listening socket was passed");
  }
  Listeners out;
  const int on = 1;
  for (const Fd& fd : sockets) {
    int listens = 0;
    socklen_t size = sizeof listens;
    sockaddr_storage at{};
    socklen_t at_size = sizeof at;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
        listens == 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &at_size) !=
            0 ||
        (at.ss_family != AF_INET && at.ss_family != AF_INET6)) {
      return absl::InvalidArgumentError(
          "a descriptor that was passed is no listening TCP socket");
    }
    BoundAddress bound = Describe(at);
    if (!out.address.empty() && bound.text != out.address) {
      return absl::InvalidArgumentError(
          absl::StrCat("sockets of two addresses were passed: ", out.address,
                       " and ", bound.text));
    }
    out.address = std::move(bound.text);
    out.port = bound.port;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  }
  const size_t passed = sockets.size();
  out.sockets = std::move(sockets);
  // Sockets of a group that nobody accepts from would keep clients waiting, so
  // each gets a loop; loops that are left share.
  for (size_t i = passed; i < count; ++i) {
    Fd fd = out.sockets[i % passed].Duplicate();
    if (!fd.valid()) return Failed(out.address, errno);
    out.sockets.push_back(std::move(fd));
  }
  return out;
}

}  // namespace chancery::responder
