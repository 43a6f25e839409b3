#ifndef CHANCERY_BASE_FILE_VIEW_H_
#define CHANCERY_BASE_FILE_VIEW_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace chancery::base {

// A whole file as bytes, of which only those have memory that were touched and
// not forgotten. The file must not be cut while this lives. Thread-compatible.
class FileView {
 public:
  // Unavailable: it cannot be mapped. InvalidArgument: it is empty.
  static absl::StatusOr<FileView> Map(const Fd& file);

  FileView(FileView&& other) noexcept;
  FileView& operator=(FileView&& other) noexcept;
  ~FileView();

  Bytes bytes() const { return bytes_; }

  // Gives back the memory of `part`, which is of bytes(); it is read again when
  // it is touched again.
  void Forget(Bytes part) const;

  // Passes the file on piece by piece, each forgotten behind it.
  absl::Status ForEachPiece(absl::FunctionRef<absl::Status(Bytes)> visit) const;

 private:
  explicit FileView(Bytes bytes) : bytes_(bytes) {}

  Bytes bytes_;
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_FILE_VIEW_H_
