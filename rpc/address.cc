#include "rpc/address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chancery::rpc {
namespace {

constexpr absl::string_view kUnix = "unix:";

absl::Status Bad(absl::string_view text, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("address `", text, "`: ", rule));
}

// A socket that is closed when it goes.
class Socket {
 public:
  explicit Socket(int family)
      : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::StatusOr<Address> ParseUnix(absl::string_view text) {
  const std::string path(text.substr(kUnix.size()));
  if (!absl::StartsWith(path, "/")) {
    return Bad(text, "the path after `unix:` must be absolute");
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Bad(text, absl::StrCat("the path has ", path.size(),
                                  " bytes, the kernel allows ",
                                  sizeof(sockaddr_un::sun_path) - 1));
  }
  Address address;
  address.unix_path = path;
  return address;
}

// Whether someone accepts connections at the socket.
bool IsServed(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const Socket probe(AF_UNIX);
  if (connect(probe.fd(), reinterpret_cast<const sockaddr*>(&name),
              sizeof(name)) == 0) {
    return true;
  }
  return errno != ECONNREFUSED;  // EAGAIN: served, with a full queue.
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  if (absl::StartsWith(text, kUnix)) return ParseUnix(text);
  constexpr absl::string_view kRule =
      "must be unix:/path or host:port ([host]:port for IPv6)";
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Bad(text, kRule);
  absl::string_view host = text.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  } else if (absl::StrContains(host, ":")) {
    return Bad(text, kRule);
  }
  if (host.empty()) {
    return Bad(text, "names no host: write 0.0.0.0 or [::] for all interfaces");
  }
  uint32_t port = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return Bad(text, "the port must be 0 to 65535");
  }
  Address address;
  address.host = std::string(host);
  address.port = uint16_t(port);
  return address;
}

std::string FormatAddress(const Address& address) {
  if (address.is_unix()) return absl::StrCat(kUnix, address.unix_path);
  if (absl::StrContains(address.host, ":")) {
    return absl::StrCat("[", address.host, "]:", address.port);
  }
  return absl::StrCat(address.host, ":", address.port);
}

absl::Status AddressInUse(const Address& address) {
  return absl::AlreadyExistsError(
      absl::StrCat("address in use: ", FormatAddress(address),
                   ": another process is serving it"));
}

absl::Status ClearUnixSocket(const Address& address) {
  if (!address.is_unix()) return absl::OkStatus();
  const std::string& path = address.unix_path;
  struct stat facts = {};
  if (lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::PermissionDeniedError(
        absl::StrCat(FormatAddress(address), ": ", std::strerror(errno)));
  }
  if (!S_ISSOCK(facts.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(FormatAddress(address),
                     ": the path exists and is no socket; it is not removed"));
  }
  if (IsServed(path)) return AddressInUse(address);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return absl::PermissionDeniedError(
        absl::StrCat(FormatAddress(address),
                     ": the socket of a dead process "
                     "cannot be removed: ",
                     std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status ExplainBindFailure(const Address& address) {
  if (address.is_unix()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "cannot listen on ", FormatAddress(address),
        ": does its folder exist and may this process write to it?"));
  }
  const std::string text = FormatAddress(address);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error =
          getaddrinfo(address.host.c_str(),
                      std::to_string(address.port).c_str(), &hints, &found);
      error != 0) {
    return Bad(text, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found,
                                                                 &freeaddrinfo);
  const Socket probe(found->ai_family);
  const int on = 1;
  setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(probe.fd(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(probe.fd(), 1) != 0) {
    const int error = errno;
    if (error == EADDRINUSE) return AddressInUse(address);
    if (error == EACCES) {
      return absl::PermissionDeniedError(
          absl::StrCat("cannot listen on ", text, ": ", std::strerror(error)));
    }
    return Bad(text, std::strerror(error));
  }
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", text, ", for now"));
}

}  // namespace chancery::rpc
