// Listening TCP sockets, one for each event loop.
#ifndef CHANCERY_RESPONDER_HTTP_LISTENER_H_
#define CHANCERY_RESPONDER_HTTP_LISTENER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/fd.h"

namespace chancery::responder {

using base::Fd;

struct Listeners {
  // All bound to the same port with SO_REUSEPORT: the kernel spreads new
  // connections over them.
  std::vector<Fd> sockets;
  // "127.0.0.1:8080", "[::1]:8080": with the port that was chosen.
  std::string address;
  int port = 0;
};

// Listens on `address`, "host:port", `count` times. An empty host means all
// interfaces of IPv6 and IPv4, port 0 a free one.
// InvalidArgument: not an address, or no such host; nothing to retry.
// AlreadyExists: somebody listens there. SO_REUSEPORT alone would let a second
//   server of the same user in, and each would get a part of the clients.
// PermissionDenied: a port below 1024.
absl::StatusOr<Listeners> Listen(absl::string_view address, size_t count);

// Sockets that another process listens on already, all on one address; `count`
// or more of the result take turns with them.
// InvalidArgument: none, or one that is not a listening TCP socket.
absl::StatusOr<Listeners> Adopt(std::vector<Fd> sockets, size_t count);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_LISTENER_H_
