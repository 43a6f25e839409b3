#ifndef CHANCERY_RPC_INSIST_H_
#define CHANCERY_RPC_INSIST_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rpc/process.h"

namespace chancery::rpc {

// RetryUnavailable for as long as the process runs: what a service cannot
// start without. Each failure is logged as `event`.
absl::Status Insist(const Process& process, absl::string_view event,
                    absl::FunctionRef<absl::Status()> call);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_INSIST_H_
