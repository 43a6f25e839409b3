// chancery lint: holds anybody's certificates, CRLs and OCSP responses against
// the standards. docs/lints.md has the rules.
#ifndef CHANCERY_TOOLS_CHANCERY_LINT_LINT_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_LINT_LINT_COMMAND_H_

#include <string>
#include <vector>

#include "policy/lints/selection.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class LintCommand final : public Command {
 public:
  std::string name() const override { return "lint"; }
  std::string summary() const override {
    return "Hold certificates, CRLs and OCSP responses against the standards";
  }
  std::string example() const override {
    return "chancery lint www.pem ca.crl\n"
           "  chancery lint --set rfc5280 --level error --json chain.pem\n"
           "Exit codes: 0 there is no error, 1 there is one, 2 a file could "
           "not be read. Warnings and notices do not count.";
  }
  void Declare(OptionSet& options) override;
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  // Errors name the file that cannot be read; the others are linted first.
  absl::StatusOr<bool> Run(const Environment& environment) override;
  int ErrorExitCode() const override { return 2; }

 private:
  absl::StatusOr<policy::lints::Selection> Chosen() const;

  std::vector<std::string> files_, sets_, ignored_;
  std::string level_ = "notice";
  bool json_ = false, list_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_LINT_LINT_COMMAND_H_
