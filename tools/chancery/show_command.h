// chancery show: a certificate of the CA again, with its chain.
#ifndef CHANCERY_TOOLS_CHANCERY_SHOW_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_SHOW_COMMAND_H_

#include <string>

#include "tools/chancery/certificate_choice.h"
#include "tools/chancery/certificate_output.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class ShowCommand final : public Command {
 public:
  std::string name() const override { return "show"; }
  std::string summary() const override {
    return "Show or write a certificate that was issued, with its chain";
  }
  std::string example() const override {
    return "chancery --dir ca show 0a:ff\n"
           "  chancery --dir ca show 0a:ff --out www.p7b --format pkcs7";
  }
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  CertificateChoice certificate_;
  CertificateOutput output_;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_SHOW_COMMAND_H_
