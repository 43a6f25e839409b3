// chancery cluster: every responder, as the refresher sees it.
#ifndef CHANCERY_TOOLS_CHANCERY_CLUSTER_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_CLUSTER_COMMAND_H_

#include <string>

#include "tools/chancery/command.h"

namespace chancery::cli {

class ClusterCommand final : public Command {
 public:
  std::string name() const override { return "cluster"; }
  std::string summary() const override {
    return "Show every responder; exit code 1 if one is down or behind";
  }
  std::string example() const override { return "chancery --dir ca cluster"; }
  void Declare(OptionSet& options) override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CLUSTER_COMMAND_H_
