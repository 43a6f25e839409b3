// chancery audit: whether everything is as the ledger says; chancery audit log:
// whether an audit log is what its service wrote.
#ifndef CHANCERY_TOOLS_CHANCERY_AUDIT_AUDIT_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_AUDIT_AUDIT_COMMAND_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/auditor.h"
#include "tools/chancery/audit/log_command.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class AuditCommand final : public Command {
 public:
  std::string name() const override { return "audit"; }
  std::string summary() const override {
    return "Prove from the ledger that inventory, responders and CRLs are "
           "right";
  }
  std::string example() const override {
    return "chancery --dir ca audit\n"
           "  chancery --dir ca audit --sample 10000 --json\n"
           "  chancery audit log verify ca/audit/signer.log* \\\n"
           "      --trust ca/service-ca/ca.pem --anchor kept\n"
           "  chancery audit log anchor ca/audit/signer.log* \\\n"
           "      --trust ca/service-ca/ca.pem --out kept\n"
           "Without --trust nobody looks at who signed a log, also with "
           "--dir.\n"
           "Exit codes: 0 nothing is wrong, 1 there are findings, 2 it could "
           "not be done, or not all of it.";
  }
  void Declare(OptionSet& options) override;
  bool NeedsCluster() const override { return log_.words.empty(); }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;
  int ErrorExitCode() const override { return 2; }

 private:
  bool json_ = false, no_responders_ = false, no_inventory_ = false;
  std::string ledger_dir_;
  AuditLogOptions log_;
  uint32_t sample_ = 0, threads_ = 0, patience_ = 10, crl_delay_ = 15;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AUDIT_AUDIT_COMMAND_H_
