#include "tools/chancery/init/free_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::cli {
namespace {

// Sockets that are closed together: while all are bound, all differ.
struct Sockets {
  ~Sockets() {
    for (const int fd : fds) close(fd);
  }
  std::vector<int> fds;
};

}  // namespace

absl::StatusOr<std::vector<uint16_t>> FreePorts(size_t count) {
  Sockets sockets;
  std::vector<uint16_t> ports;
  while (ports.size() < count) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) sockets.fds.push_back(fd);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (fd < 0 || bind(fd, any, size) != 0 ||
        getsockname(fd, any, &size) != 0) {
      return absl::UnavailableError(absl::StrCat(
          "looking for free ports on 127.0.0.1: ", std::strerror(errno)));
    }
    ports.push_back(ntohs(address.sin_port));
  }
  return ports;
}

}  // namespace chancery::cli
