// chancery issue: a certificate for a CSR.
#ifndef CHANCERY_TOOLS_CHANCERY_ISSUE_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_ISSUE_COMMAND_H_

#include <string>

#include "tools/chancery/certificate_output.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class IssueCommand final : public Command {
 public:
  std::string name() const override { return "issue"; }
  std::string summary() const override {
    return "Have a certificate made for a certificate request (CSR)";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  // Before anything is asked for: a key that is to go with the certificate must
  // be the request's.
  absl::Status CheckKey(const std::string& csr) const;

  std::string csr_file_, profile_, issuer_, request_id_;
  std::string not_before_, not_after_;
  CertificateOutput output_;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_ISSUE_COMMAND_H_
