#ifndef CHANCERY_RESPONDER_CACHE_FILE_VIEW_H_
#define CHANCERY_RESPONDER_CACHE_FILE_VIEW_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace chancery::responder {

// A whole file as bytes, of which only those have memory that were touched and
// not forgotten. The file must not be cut while this lives. Thread-compatible.
class FileView {
 public:
  // Unavailable: it cannot be mapped. InvalidArgument: it is empty.
  static absl::StatusOr<FileView> Map(const base::Fd& file);

  FileView(FileView&& other) noexcept;
  FileView& operator=(FileView&& other) noexcept;
  ~FileView();

  base::Bytes bytes() const { return bytes_; }

  // Gives back the memory of `part`, which is of bytes(); it is read again when
  // it is touched again.
  void Forget(base::Bytes part) const;

  // Passes the file on piece by piece, each forgotten behind it.
  absl::Status ForEachPiece(
      absl::FunctionRef<absl::Status(base::Bytes)> visit) const;

 private:
  explicit FileView(base::Bytes bytes) : bytes_(bytes) {}

  base::Bytes bytes_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_FILE_VIEW_H_
