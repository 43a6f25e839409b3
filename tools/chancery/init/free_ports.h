// TCP ports of the loopback interface that nobody uses.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_FREE_PORTS_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_FREE_PORTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::cli {

// `count` different ports that were free a moment ago; nothing keeps them so.
// Unavailable when the system has no more.
absl::StatusOr<std::vector<uint16_t>> FreePorts(size_t count);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_FREE_PORTS_H_
