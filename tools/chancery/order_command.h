// chancery order make|sign|show: what lifts the signer's limit on revocations.
#ifndef CHANCERY_TOOLS_CHANCERY_ORDER_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_ORDER_COMMAND_H_

#include <cstdint>
#include <string>

#include "tools/chancery/command.h"

namespace chancery::cli {

class OrderCommand final : public Command {
 public:
  std::string name() const override { return "order"; }
  std::string summary() const override {
    return "Make, sign or show an order to revoke more than the limit";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  absl::StatusOr<bool> Make(const Environment& environment) const;
  absl::StatusOr<bool> Sign(const Environment& environment) const;
  absl::StatusOr<bool> Show(const Environment& environment) const;

  std::string action_, order_file_, out_;
  std::string issuer_, reason_ = "unspecified", date_, file_, id_;
  std::string as_, certificate_file_, key_file_;
  uint32_t expires_hours_ = 24;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_ORDER_COMMAND_H_
