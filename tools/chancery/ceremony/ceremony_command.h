// chancery ceremony FILE | sign TRANSCRIPT | verify TRANSCRIPT: what is done
// with a CA's offline keys, from one reviewed file.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_COMMAND_H_

#include <string>
#include <vector>

#include "crypto/key_source.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

// Exit code when a ceremony has been performed already and nothing was done.
inline constexpr int kExitPerformed = 3;

class CeremonyCommand final : public Command {
 public:
  std::string name() const override { return "ceremony"; }
  std::string summary() const override {
    return "Make, use and end a CA's offline keys, from one reviewed file";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;
  int ErrorExitCode() const override { return exit_code_; }

 private:
  absl::StatusOr<bool> Hold(const Environment& environment);
  absl::StatusOr<bool> Sign(const Environment& environment) const;
  absl::StatusOr<bool> Verify(const Environment& environment) const;

  std::string file_, transcript_;
  bool dry_run_ = false;
  std::string as_, ceremony_file_;
  std::vector<std::string> operator_files_;
  std::string key_file_, pkcs11_uri_, pkcs11_module_, pin_file_;
  int exit_code_ = 1;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_CEREMONY_COMMAND_H_
