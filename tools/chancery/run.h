// The `chancery` program: which commands there are.
#ifndef CHANCERY_TOOLS_CHANCERY_RUN_H_
#define CHANCERY_TOOLS_CHANCERY_RUN_H_

#include <ostream>
#include <string>
#include <vector>

#include "tools/chancery/command.h"

namespace chancery::cli {

CommandList AllCommands();

// Parses, runs, reports. Returns the exit code.
int Run(const std::vector<std::string>& arguments, std::ostream& out,
        std::ostream& err);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_RUN_H_
