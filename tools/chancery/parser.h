// The command line of `chancery`: global options, one command, its options.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage.
#ifndef CHANCERY_TOOLS_CHANCERY_PARSER_H_
#define CHANCERY_TOOLS_CHANCERY_PARSER_H_

#include <string>
#include <vector>

#include "tools/chancery/command.h"
#include "tools/chancery/environment.h"

namespace chancery::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Parsed {
  // Null: there is nothing to run; print `text` and exit with `exit_code`.
  Command* command = nullptr;
  Globals globals;
  int exit_code = kExitOk;
  std::string text;
};

// `arguments` are those after the program's name. Values go into the commands
// of the list, whose Check has been passed when one is returned.
Parsed ParseCommandLine(const std::vector<std::string>& arguments,
                        const CommandList& commands);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PARSER_H_
