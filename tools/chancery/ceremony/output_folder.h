// The folder that a ceremony's outputs appear in, all at once or not at all.
//
// They are gathered in <folder>.partial, whose file `journal` says what was
// begun and done; renaming it is the commit point. A crash before leaves the
// partial folder, which the next run explains and does not touch: keys in
// tokens may have been made or destroyed meanwhile, and that no program undoes.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_FOLDER_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "tools/chancery/ceremony/output_sink.h"

namespace chancery::cli::ceremony {

// Thread-compatible.
class OutputFolder final : public OutputSink {
 public:
  // AlreadyExists: this very ceremony, by the hash of its file, was performed
  //   into it.
  // FailedPrecondition: something else is there; or the partial folder of a
  //   ceremony that was interrupted, with what it had done, or of one that is
  //   at work.
  // Changes nothing.
  static absl::Status CheckFree(const std::string& folder,
                                absl::string_view ceremony_sha256_hex);

  // Makes the partial folder. Errors as CheckFree.
  static absl::StatusOr<std::unique_ptr<OutputFolder>> Begin(
      const std::string& folder, absl::string_view ceremony_sha256_hex);

  // Unless committed or to be kept, removes the partial folder.
  ~OutputFolder() override;

  // Synced before it returns.
  absl::Status Put(const std::string& name, base::Bytes content,
                   int mode) override;
  // A line in the journal, synced before it returns.
  absl::Status Note(absl::string_view line);

  // From here on, what is there must not be lost.
  void Keep() { keep_ = true; }

  // The commit point. FailedPrecondition if the folder appeared meanwhile.
  // After an error `committed` says whether it came before or after that point.
  absl::Status Commit();
  bool committed() const { return committed_; }

 private:
  OutputFolder(std::string folder, std::string partial)
      : folder_(std::move(folder)), partial_(std::move(partial)) {}

  const std::string folder_, partial_;
  base::Fd journal_;  // Holds the lock.
  bool keep_ = false;
  bool committed_ = false;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_FOLDER_H_
