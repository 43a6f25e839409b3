// chancery keyset: the keys that responders believe, and their rotation.
#ifndef CHANCERY_TOOLS_CHANCERY_KEY_SET_KEY_SET_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_KEY_SET_KEY_SET_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

class KeySetCommand final : public Command {
 public:
  std::string name() const override { return "keyset"; }
  std::string summary() const override {
    return "Show the key set; sign the next one, with a manifest key more or "
           "less";
  }
  std::string example() const override;
  void Declare(OptionSet& options) override;
  // Files only: it runs where the offline root is.
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  // To the version that is to be signed: a key more or less, or its time.
  absl::Status Change(const block::KeySetRoots& roots,
                      block::KeySet& set) const;

  std::string action_;
  std::string file_;
  std::string root_file_;
  std::string root_key_file_;
  std::string key_file_;
  std::string key_id_;
  std::string from_;
  std::string until_;
  std::string out_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_KEY_SET_KEY_SET_COMMAND_H_
