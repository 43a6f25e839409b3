// The flags of a service.
#ifndef CHANCERY_RPC_COMMAND_LINE_H_
#define CHANCERY_RPC_COMMAND_LINE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::rpc {

// A flag without a value: {"confirm-clock", "Go on although ..."}.
struct Switch {
  std::string name;
  std::string help;
};

struct CommandLine {
  std::string config;
  bool check_config = false;
  bool version = false;
  bool help = false;
  std::set<std::string> switches;  // Those that were given.
};

// InvalidArgument for a flag that does not exist, a missing value, an argument
// that is no flag, and no --config (unless --help or --version). Uses getopt's
// globals: once, from main.
absl::StatusOr<CommandLine> ParseCommandLine(
    int argc, char** argv, const std::vector<Switch>& switches);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_COMMAND_LINE_H_
