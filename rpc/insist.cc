#include "rpc/insist.h"

#include "absl/time/time.h"
#include "base/random.h"
#include "rpc/retry.h"

namespace chancery::rpc {

absl::Status Insist(const Process& process, absl::string_view event,
                    absl::FunctionRef<absl::Status()> call) {
  return RetryUnavailable(
      process.clock(), base::SystemRandom(),
      [&](absl::Duration wait) { return process.SleepFor(wait); },
      absl::InfiniteFuture(),
      [&] {
        const absl::Status status = call();
        if (!status.ok()) process.log().Warning(event, {{"why", status}});
        return status;
      });
}

}  // namespace chancery::rpc
