// One subcommand of the `chancery` program, independent of how command lines
// are parsed.
#ifndef CHANCERY_TOOLS_CHANCERY_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_COMMAND_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chancery/environment.h"

namespace chancery::cli {

struct OptionSpec {
  // "--csr", or a bare "serial" for an argument without a name.
  std::string name;
  // What its value is called in help: "FILE".
  std::string value = {};
  std::string help = {};
  bool required = false;
  // Left out of help: for tests.
  bool hidden = false;
};

// Where a command says which options it takes. Each target keeps its value
// when the option is not given, and must outlive the parsing.
class OptionSet {
 public:
  virtual ~OptionSet() = default;
  virtual void AddText(const OptionSpec& spec, std::string& target) = 0;
  // Any number of values: of an option, one each time that it is given.
  virtual void AddTexts(const OptionSpec& spec,
                        std::vector<std::string>& target) = 0;
  // A whole number; `target`'s value is shown as the default.
  virtual void AddNumber(const OptionSpec& spec, uint32_t& target) = 0;
  // An option without a value.
  virtual void AddFlag(const OptionSpec& spec, bool& target) = 0;
};

// Used once: Declare, then Check, then Run.
class Command {
 public:
  virtual ~Command() = default;

  virtual std::string name() const = 0;
  // One line for the list of commands.
  virtual std::string summary() const = 0;
  // What a newcomer types, and anything else that help should say.
  virtual std::string example() const = 0;

  virtual void Declare(OptionSet& options) = 0;

  // Whether it is a mistake to name neither --dir nor --config.
  virtual bool NeedsCluster() const { return true; }

  // Whether the options go together: an error here is one of usage.
  virtual absl::Status Check() const { return absl::OkStatus(); }

  // False: it ran, printed what it found, and that is not as it should be.
  virtual absl::StatusOr<bool> Run(const Environment& environment) = 0;

  // The exit code after an error of Run.
  virtual int ErrorExitCode() const { return 1; }
};

using CommandList = std::vector<std::unique_ptr<Command>>;

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_COMMAND_H_
