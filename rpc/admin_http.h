// Plain HTTP for machines that watch: /metrics, /healthz, /readyz.
#ifndef CHANCERY_RPC_ADMIN_HTTP_H_
#define CHANCERY_RPC_ADMIN_HTTP_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpc/metrics.h"

namespace chancery::rpc {

// Serves on one thread of its own until it goes. It has no identities, so it
// tells no secrets: `ready` returns OK (200) or an error whose message (503)
// anybody may read. /healthz is 200 while the process can answer at all.
// At most 64 connections, each idle for at most 10 seconds.
class AdminHttp {
 public:
  // Listens on `address`, "host:port"; port 0 takes a free one. `metrics` and
  // what `ready` uses must outlive the result; `ready` runs on the server's
  // thread and must not block.
  // InvalidArgument for a bad address, AlreadyExists for one in use.
  static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(
      const std::string& address, const Metrics& metrics,
      std::function<absl::Status()> ready);
  ~AdminHttp();

  // With the port that was chosen.
  const std::string& address() const;

 private:
  class Listener;
  explicit AdminHttp(std::unique_ptr<Listener> listener);
  const std::unique_ptr<Listener> listener_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_ADMIN_HTTP_H_
