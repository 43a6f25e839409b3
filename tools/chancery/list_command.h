// chancery list: certificates in the inventory.
#ifndef CHANCERY_TOOLS_CHANCERY_LIST_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_LIST_COMMAND_H_

#include <cstdint>
#include <string>

#include "tools/chancery/command.h"

namespace chancery::cli {

class ListCommand final : public Command {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override {
    return "List certificates, oldest first";
  }
  std::string example() const override {
    return "chancery --dir ca list --status good --expires-before 2027-01-01";
  }
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  std::string issuer_, status_, text_, profile_, requester_, expires_before_;
  std::string page_;
  uint32_t limit_ = 100;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_LIST_COMMAND_H_
