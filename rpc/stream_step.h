// One read or write of a stream, as something a thread can wait for.
#ifndef CHANCERY_RPC_STREAM_STEP_H_
#define CHANCERY_RPC_STREAM_STEP_H_

#include <optional>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace grpc {
class ServerContextBase;
}

namespace chancery::rpc {

// One thread waits, gRPC's thread reports; one step at a time.
class StreamStep {
 public:
  // Waits for the report and returns it. After `stall` without one the call is
  // cancelled, which makes gRPC report a failure.
  bool Await(grpc::ServerContextBase& context, absl::Duration stall);
  void Done(bool ok);

 private:
  bool Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  base::Mutex mu_;
  base::CondVar changed_;
  std::optional<bool> result_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_STREAM_STEP_H_
