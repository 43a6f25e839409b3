#ifndef CHANCERY_AUDIT_PARALLEL_H_
#define CHANCERY_AUDIT_PARALLEL_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "audit/finding.h"

namespace chancery::audit {

// Calls `check` for 0 to `count` - 1 in `threads` threads, each with findings
// of its own, and adds them up.
void ForEachInParallel(
    size_t count, int threads, Findings& findings,
    absl::FunctionRef<void(size_t at, Findings& findings)> check);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_PARALLEL_H_
