// The whole ceremony with throw-away keys of the same types, before anything is
// touched.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_REHEARSAL_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_REHEARSAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/random.h"
#include "tools/chancery/ceremony/inputs.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {

// What each step of the plan would do, in words. No file is written and no
// token asked: everything that signs, signs with a key that is forgotten
// afterwards, and is parsed, verified and linted. Errors name the step:
// InvalidArgument and FailedPrecondition for what it asks, Internal for a lint.
absl::StatusOr<std::vector<std::string>> Rehearse(const Plan& plan,
                                                  const Inputs& inputs,
                                                  base::Random& random,
                                                  absl::Time now);

// `status`, with the step's number and kind before its message.
absl::Status InStep(const PlannedStep& step, const absl::Status& status);

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_REHEARSAL_H_
