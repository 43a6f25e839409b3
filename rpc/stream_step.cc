#include "rpc/stream_step.h"

#include <chrono>

#include "grpcpp/server_context.h"

namespace chancery::rpc {

bool StreamStep::Await(grpc::ServerContextBase& context, absl::Duration stall) {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(stall);
  {
    base::MutexLock lock(mu_);
    while (!result_.has_value() && changed_.WaitUntil(mu_, deadline)) {
    }
    if (result_.has_value()) return Take();
  }
  // Not under the lock: gRPC may report from within.
  context.TryCancel();
  base::MutexLock lock(mu_);
  while (!result_.has_value()) changed_.Wait(mu_);
  return Take();
}

bool StreamStep::Take() {
  const bool ok = *result_;
  result_.reset();
  return ok;
}

void StreamStep::Done(bool ok) {
  base::MutexLock lock(mu_);
  result_ = ok;
  changed_.NotifyOne();
}

}  // namespace chancery::rpc
