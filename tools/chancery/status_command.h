// chancery status: what everybody says of one certificate.
#ifndef CHANCERY_TOOLS_CHANCERY_STATUS_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_STATUS_COMMAND_H_

#include <string>

#include "tools/chancery/certificate_choice.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class StatusCommand final : public Command {
 public:
  std::string name() const override { return "status"; }
  std::string summary() const override {
    return "Show what inventory, signer and every responder say of a "
           "certificate";
  }
  std::string example() const override {
    return "chancery --dir ca status --cert www.pem\n"
           "Exit code 1 if one of them cannot be asked or they disagree.";
  }
  void Declare(OptionSet& options) override;
  absl::Status Check() const override { return certificate_.Check(); }
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  CertificateChoice certificate_;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_STATUS_COMMAND_H_
