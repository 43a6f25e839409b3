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

// What the caller may be told of each demand. `carry` is given the positions of
// those that may be, and returns how each of them ended, in their order. The
// call's own demand is Demand::Each.
std::vector<absl::Status> DecideEach(
    const Gate& gate, const Identity& caller,
    const std::vector<Demand>& demands, const char* action,
    absl::FunctionRef<
        std::vector<absl::Status>(const std::vector<size_t>& allowed)>
        carry);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_DECIDE_EACH_H_
