// The records of an air-gap file, one at a time (FORMAT.md).
//
//   ASSIGN_OR_RETURN(RecordReader in, RecordReader::Open("request"));
//   v1::Header header;
//   ASSIGN_OR_RETURN(CheckedFile file, CheckFile(in, header, visit));
#ifndef CHANCERY_LEDGER_AIRGAP_RECORD_FILE_H_
#define CHANCERY_LEDGER_AIRGAP_RECORD_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "block/manifest.h"
#include "crypto/digest.h"

namespace chancery::airgap {

namespace v1 {
class Header;
class Record;
}  // namespace v1

inline constexpr char kRequestType[] = "airgap-request";
inline constexpr char kResultType[] = "airgap-result";
inline constexpr size_t kMaxRecordSize = 64 << 20;
inline constexpr size_t kMaxSignatures = 64;
inline constexpr size_t kMaxChannelSize = 1024;

// Reads records from a file. Holds one at a time. Thread-compatible.
class RecordReader {
 public:
  // NotFound, PermissionDenied, Unavailable: name the path. InvalidArgument: it
  // does not begin as such a file.
  static absl::StatusOr<RecordReader> Open(const std::string& path);
  // Of a file that is open.
  static absl::StatusOr<RecordReader> Of(base::Fd file);

  // False at the end. InvalidArgument says where the file is damaged.
  absl::StatusOr<bool> Next(v1::Record& record);
  // Where the next record begins; where to go on.
  uint64_t offset() const { return offset_; }
  void Seek(uint64_t offset) { offset_ = offset; }

  // The bytes of the record that Next gave last, with its length.
  base::Bytes raw() const { return base::AsBytes(raw_); }

 private:
  RecordReader(base::Fd file, uint64_t size)
      : file_(std::move(file)), size_(size) {}
  absl::Status ReadAt(uint64_t offset, size_t count, char* out) const;

  base::Fd file_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
  std::string raw_;
};

// A record, and the offset at which it begins.
using RecordVisitor =
    std::function<absl::Status(uint64_t offset, const v1::Record& record)>;

struct CheckedFile {
  crypto::Sha256Digest sha256{};
  uint64_t records = 0;  // Between header and trailer.
  // Nobody has verified them. `message` is the hash.
  std::vector<block::Signed> signatures = {};
};

// Reads all of a file: its records are of the kinds and in the order that its
// direction allows, its header makes sense, and its trailer has the hash of
// what comes before. Shows each record between header and trailer with the
// offset at which it begins, before the hash is known: nothing may be believed
// until this returns. An error of `visit` is returned.
// InvalidArgument: what is wrong, and where.
absl::StatusOr<CheckedFile> CheckFile(RecordReader& in, v1::Header& header,
                                      const RecordVisitor& visit);

// Writes a new file. What is not closed may be lost. Thread-compatible.
class RecordWriter {
 public:
  // Makes `path`, mode 0600, in place of whatever was there.
  // ResourceExhausted: no room. Others as RecordReader.
  static absl::StatusOr<RecordWriter> Create(const std::string& path,
                                             const v1::Header& header);
  RecordWriter(RecordWriter&&) = default;
  RecordWriter& operator=(RecordWriter&&) = default;

  absl::Status Add(const v1::Record& record);
  // Writes the trailer and returns the hash.
  absl::StatusOr<crypto::Sha256Digest> Finish();
  // After Finish.
  absl::Status AddSignature(const block::Signed& signature);
  // On the disk when it returns.
  absl::Status Close();

 private:
  RecordWriter(base::Fd file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  absl::Status Put(const v1::Record& record, bool hashed);
  absl::Status Flush();

  base::Fd file_;
  std::string path_;
  std::string buffer_;
  uint64_t records_ = 0;
  crypto::Sha256Stream hash_;
};

// Adds a signature to a file that CheckFile has passed. After an error the file
// is as it was.
absl::Status AppendSignature(const std::string& path,
                             const block::Signed& signature);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_RECORD_FILE_H_
