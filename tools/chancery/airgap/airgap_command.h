// chancery airgap: files to and from a signer without a network.
#ifndef CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class AirGapCommand final : public Command {
 public:
  std::string name() const override { return "airgap"; }
  std::string summary() const override {
    return "Have a signer without a network sign, by files";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  bool NeedsCluster() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  AirGapOptions options_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_COMMAND_H_
