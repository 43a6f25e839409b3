// A ceremony that counts: with the real keys.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_PERFORMANCE_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_PERFORMANCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "tools/chancery/ceremony/inputs.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {

struct Performed {
  struct Step {
    int number;
    std::string kind, done;
  };
  std::string transcript;             // Its path.
  std::vector<Step> steps;            // Those that were done.
  std::vector<std::string> problems;  // What came after the outputs and failed.
};

// `text` is the ceremony's file; plan, inputs have passed the rehearsal.
//
// First everything is opened and looked at; then the steps are done, in the
// partial folder, the end of keys last; then the transcript is written and
// signed, and the folder appears. Until the first key is destroyed, an error
// leaves nothing: the partial folder and the keys that were made go again.
// Afterwards what fails is in the transcript and in `problems`.
//
// AlreadyExists: the ceremony was performed before, or a key that it makes is
// there. Others as OutputFolder and Custody.
absl::StatusOr<Performed> Perform(const Plan& plan, const std::string& text,
                                  const Inputs& inputs,
                                  const base::Clock& clock,
                                  base::Random& random);

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_PERFORMANCE_H_
