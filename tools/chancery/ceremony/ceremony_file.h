// Reads a ceremony's file.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_FILE_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {

// The plan in `text`, a textproto of chancery.config.Ceremony. `path`, which is
// absolute, is for messages, and what relative paths are relative to.
// InvalidArgument: one line for each mistake of syntax, or the first field that
// breaks a rule.
absl::StatusOr<Plan> ReadPlan(const std::string& text, const std::string& path);

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_FILE_H_
