// A call that asks for many things, each of which is decided about for itself.
#ifndef CHANCERY_RPC_DECIDE_EACH_H_
#define CHANCERY_RPC_DECIDE_EACH_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "rpc/demand.h"
#include "rpc/gate.h"
#include "rpc/identity.h"

namespace chancery::rpc {

// One of the things, and who asks for it. The caller outlives it.
struct Asked {
  const Identity& caller;
  Demand demand;
};

// What its caller may be told of each. `carry` is given the positions of those
// that may be, and returns how each of them ended, in their order. The decision
// is in the audit log by then. A call for many has Demand::Each for its own.
std::vector<absl::Status> DecideEach(
    const Gate& gate, const std::vector<Asked>& asked, const char* action,
    absl::FunctionRef<
        std::vector<absl::Status>(const std::vector<size_t>& allowed)>
        carry);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_DECIDE_EACH_H_
