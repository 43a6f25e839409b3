// chancery revoke, chancery release.
#ifndef CHANCERY_TOOLS_CHANCERY_REVOKE_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_REVOKE_COMMAND_H_

#include <string>

#include "tools/chancery/certificate_choice.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class RevokeCommand final : public Command {
 public:
  std::string name() const override { return "revoke"; }
  std::string summary() const override {
    return "Revoke certificates, for good (but for reason certificateHold)";
  }
  std::string example() const override {
    return "chancery --dir ca revoke --cert www.pem --reason keyCompromise\n"
           "  chancery --dir ca revoke --file serials.txt --reason superseded";
  }
  void Declare(OptionSet& options) override;
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  CertificateChoice certificate_;
  std::string reason_ = "unspecified", date_;
  std::string file_, order_file_, request_id_;
  bool direct_ = false, json_ = false;
};

class ReleaseCommand final : public Command {
 public:
  std::string name() const override { return "release"; }
  std::string summary() const override {
    return "End a certificateHold: the certificate is good again";
  }
  std::string example() const override {
    return "chancery --dir ca release 01a94f0c...";
  }
  void Declare(OptionSet& options) override;
  absl::Status Check() const override { return certificate_.Check(); }
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  CertificateChoice certificate_;
  bool direct_ = false, json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_REVOKE_COMMAND_H_
