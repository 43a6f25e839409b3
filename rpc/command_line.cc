#include "rpc/command_line.h"

#include <getopt.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::rpc {
namespace {

enum Option { kConfig = 256, kCheckConfig, kVersion, kHelp, kFirstSwitch };

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    int argc, char** argv, const std::vector<Switch>& switches) {
  std::vector<option> options = {
      {"config", required_argument, nullptr, kConfig},
      {"check-config", no_argument, nullptr, kCheckConfig},
      {"version", no_argument, nullptr, kVersion},
      {"help", no_argument, nullptr, kHelp},
  };
  for (size_t i = 0; i < switches.size(); ++i) {
    options.push_back({switches[i].name.c_str(), no_argument, nullptr,
                       int(kFirstSwitch + i)});
  }
  options.push_back({nullptr, 0, nullptr, 0});

  CommandLine line;
  opterr = 0;
  optind = 0;  // glibc: start anew.
  while (true) {
    const int at = optind == 0 ? 1 : optind;
    const int found = getopt_long(argc, argv, ":", options.data(), nullptr);
    if (found == -1) break;
    if (found == ':') {
      return absl::InvalidArgumentError(
          absl::StrCat("flag `", argv[at], "` needs a value"));
    }
    if (found == '?') {
      return absl::InvalidArgumentError(
          absl::StrCat("flag `", argv[at], "` is unknown"));
    }
    if (found == kConfig) line.config = optarg;
    if (found == kCheckConfig) line.check_config = true;
    if (found == kVersion) line.version = true;
    if (found == kHelp) line.help = true;
    if (found >= kFirstSwitch) {
      line.switches.insert(switches[found - kFirstSwitch].name);
    }
  }
  if (optind < argc) {
    return absl::InvalidArgumentError(
        absl::StrCat("argument `", argv[optind], "` is no flag"));
  }
  if (line.config.empty() && !line.help && !line.version) {
    return absl::InvalidArgumentError("flag `--config` is required");
  }
  return line;
}

}  // namespace chancery::rpc
