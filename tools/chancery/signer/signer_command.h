// chancery signer: whether a signer may sign, and what to do if it may not.
#ifndef CHANCERY_TOOLS_CHANCERY_SIGNER_SIGNER_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_SIGNER_SIGNER_COMMAND_H_

#include <string>

#include "tools/chancery/command.h"

namespace chancery::cli {

class SignerCommand final : public Command {
 public:
  std::string name() const override { return "signer"; }
  std::string summary() const override {
    return "Show whether the signer may sign; catch it up; promote a standby";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  std::string action_;
  std::string address_;
  std::string head_file_;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_SIGNER_SIGNER_COMMAND_H_
