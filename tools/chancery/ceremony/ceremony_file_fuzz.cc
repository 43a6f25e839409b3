#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "tools/chancery/ceremony/ceremony_file.h"

namespace ceremony = chancery::cli::ceremony;

// A plan that is accepted refers to nothing that is not there, stays in its
// folder, and ends keys last.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto plan = ceremony::ReadPlan(text, "/ceremonies/file.textproto");
  if (!plan.ok()) {
    if (plan.status().message().empty()) std::abort();
    return 0;
  }
  if (plan->steps.empty() || plan->operators_needed == 0 ||
      plan->operators_needed > plan->operators.size()) {
    std::abort();
  }
  for (const std::string& output : plan->outputs) {
    if (output.empty() || output[0] == '.' || absl::StrContains(output, '/')) {
      std::abort();
    }
  }
  bool ending = false;
  for (const ceremony::PlannedStep& step : plan->steps) {
    const auto* destroy = std::get_if<ceremony::DestroyKey>(&step.action);
    if (ending && destroy == nullptr) std::abort();
    ending = destroy != nullptr;
    if (ending && plan->keys.count(destroy->key) == 0) std::abort();
    const auto* made = std::get_if<ceremony::MakeCertificate>(&step.action);
    if (made != nullptr && plan->keys.count(made->issuer_key) == 0) {
      std::abort();
    }
    const auto* crl = std::get_if<ceremony::MakeCrl>(&step.action);
    if (crl != nullptr && plan->keys.count(crl->issuer_key) == 0) std::abort();
  }
  return 0;
}
