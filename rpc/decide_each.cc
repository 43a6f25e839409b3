#include "rpc/decide_each.h"

#include <utility>

namespace chancery::rpc {

std::vector<absl::Status> DecideEach(
    const Gate& gate, const Identity& caller,
    const std::vector<Demand>& demands, const char* action,
    absl::FunctionRef<
        std::vector<absl::Status>(const std::vector<size_t>& allowed)>
        carry) {
  std::vector<absl::Status> told(demands.size());
  std::vector<Decision> decisions(demands.size());
  std::vector<size_t> allowed;
  for (size_t i = 0; i < demands.size(); ++i) {
    auto decision = gate.Decide(caller, demands[i], action);
    if (!decision.ok()) {
      told[i] = decision.status();
      continue;
    }
    decisions[i] = *std::move(decision);
    allowed.push_back(i);
  }
  std::vector<absl::Status> done = carry(allowed);
  for (size_t k = 0; k < allowed.size(); ++k) {
    const size_t i = allowed[k];
    told[i] = gate.Conclude(std::move(done[k]), caller, demands[i],
                            decisions[i], action);
  }
  return told;
}

}  // namespace chancery::rpc
