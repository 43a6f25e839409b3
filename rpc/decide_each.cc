#include "rpc/decide_each.h"

#include <utility>

namespace chancery::rpc {

std::vector<absl::Status> DecideEach(
    const Gate& gate, const std::vector<Asked>& asked, const char* action,
    absl::FunctionRef<
        std::vector<absl::Status>(const std::vector<size_t>& allowed)>
        carry) {
  std::vector<absl::Status> told(asked.size());
  std::vector<Decision> decisions(asked.size());
  std::vector<size_t> allowed;
  for (size_t i = 0; i < asked.size(); ++i) {
    auto decision = gate.Decide(asked[i].caller, asked[i].demand, action);
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
    told[i] = gate.Conclude(std::move(done[k]), asked[i].caller,
                            asked[i].demand, decisions[i], action);
  }
  return told;
}

}  // namespace chancery::rpc
