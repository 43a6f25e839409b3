// chancery init: a new cluster.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_INIT_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_INIT_COMMAND_H_

#include <string>

#include "tools/chancery/command.h"
#include "tools/chancery/init/init_options.h"

namespace chancery::cli {

class InitCommand final : public Command {
 public:
  std::string name() const override { return "init"; }
  std::string summary() const override {
    return "Make a new cluster: CA keys and certificates, identities, configs";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  absl::Status Check() const override { return CheckInitOptions(options_); }
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  InitOptions options_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_INIT_COMMAND_H_
