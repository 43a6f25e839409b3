// Where to listen or connect: "unix:/path" or "host:port".
#ifndef CHANCERY_RPC_ADDRESS_H_
#define CHANCERY_RPC_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::rpc {

struct Address {
  std::string unix_path;  // Set for a Unix socket, or:
  std::string host;       // A name or an IP address, without brackets.
  uint16_t port = 0;

  bool is_unix() const { return !unix_path.empty(); }
};

// InvalidArgument says which rule `text` breaks: a Unix path is absolute and of
// at most 107 bytes; TCP has a host ("[::1]:80" for IPv6) and a port.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// "unix:/path", "host:port", "[::1]:port".
std::string FormatAddress(const Address& address);

// Makes way for a listener on `address`. A Unix socket that nobody serves is
// removed; AlreadyExists if somebody does, FailedPrecondition if the path is no
// socket. Does nothing for TCP.
absl::Status ClearUnixSocket(const Address& address);

// Why listening on `address`, a TCP address, failed: tries it once more.
absl::Status ExplainBindFailure(const Address& address);

// Where two callers must say the same.
absl::Status AddressInUse(const Address& address);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_ADDRESS_H_
