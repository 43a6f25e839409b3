#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "policy/blocked_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chancery::policy::BlockedKeys keys;
  const bool added =
      keys.Add("list", chancery::base::AsText({data, size})).ok();
  keys.Seal();
  // A list that was refused left nothing.
  if (!added && keys.size() != 0) __builtin_trap();
  return 0;
}
