// chancery convert: certificates and keys from one format into another.
// docs/formats.md has the formats.
#ifndef CHANCERY_TOOLS_CHANCERY_CONVERT_CONVERT_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_CONVERT_CONVERT_COMMAND_H_

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "tools/chancery/command.h"
#include "tools/chancery/convert/bundle_format.h"
#include "x509/bundle/bundle.h"

namespace chancery::cli {

class ConvertCommand final : public Command {
 public:
  std::string name() const override { return "convert"; }
  std::string summary() const override {
    return "Convert certificates and private keys between file formats";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  absl::StatusOr<x509::Bundle> ReadAll() const;
  absl::Status WriteAll(x509::Bundle bundle, const base::Secret* password);
  BundleSettings Settings(BundleFormat format,
                          const base::Secret* password) const;

  std::vector<std::string> files_;
  std::string to_, out_, key_, key_out_, name_;
  std::string in_password_, out_password_;
  std::string derivation_ = "pbkdf2";
  bool no_encryption_ = false, legacy_ = false, leaf_ = false, force_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CONVERT_CONVERT_COMMAND_H_
