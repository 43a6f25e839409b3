#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "policy/cfssl/config.h"
#include "policy/cfssl/profiles.h"

// What is accepted can be used: validity and names are within their bounds.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace cfssl = chancery::policy::cfssl;
  const auto config = cfssl::ParseConfig(chancery::base::AsText({data, size}));
  if (!config.ok()) return 0;
  const auto profiles = cfssl::ToProfiles(*config, {});
  if (!profiles.ok()) return 0;
  for (const auto& profile : profiles->profiles) {
    if (profile.name.empty() || profile.validity < absl::Minutes(1) ||
        (profile.extended_key_usage.empty() && !profile.ca.has_value())) {
      __builtin_trap();
    }
  }
  return 0;
}
