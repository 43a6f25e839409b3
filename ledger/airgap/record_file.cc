#include "ledger/airgap/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "block/head.h"
#include "block/wire.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "ledger/airgap/file_error.h"

namespace chancery::airgap {
namespace {

using v1::Record;

constexpr absl::string_view kMagic("CHAG\x01", 5);
constexpr size_t kLengthSize = sizeof(uint32_t);
constexpr size_t kBufferBytes = 1 << 20;
constexpr size_t kHashSize = 32;
constexpr size_t kMaxSignatureSize = 1024;
constexpr int64_t kMaxSeconds = 253402300799;  // The end of the year 9999.

absl::Status Damaged(uint64_t offset, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("air-gap file: at byte ", offset, ": ", what));
}

absl::Status WriteAll(int fd, base::Bytes bytes, absl::string_view path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FromErrno(errno, "write", path);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

std::string Frame(const Record& record) {
  std::string out;
  const size_t size = record.ByteSizeLong();
  out.reserve(kLengthSize + size);
  block::wire::PutInt(out, static_cast<uint32_t>(size));
  record.AppendToString(&out);
  return out;
}

bool IsOf(v1::Direction direction, Record::RecordCase kind) {
  switch (kind) {
    case Record::kIssue:
    case Record::kRevoke:
    case Record::kSignCrl:
    case Record::kSignBlock:
    case Record::kSignDue:
      return direction == v1::DIRECTION_REQUEST;
    case Record::kIssuer:
    case Record::kOutcome:
    case Record::kBlock:
    case Record::kCrl:
    case Record::kCrlData:
    case Record::kEntries:
    case Record::kHead:
      return direction == v1::DIRECTION_RESULT;
    default:
      return false;
  }
}

absl::Status Wrong(absl::string_view field, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("air-gap file: header: ", field, ": ", rule));
}

absl::Status CheckHeader(const v1::Header& header) {
  const bool is_request = header.direction() == v1::DIRECTION_REQUEST;
  if (!is_request && header.direction() != v1::DIRECTION_RESULT) {
    return Wrong("direction", "neither request nor result");
  }
  if (header.channel().empty() || header.channel().size() > kMaxChannelSize ||
      !base::IsPlainText(header.channel())) {
    return Wrong("channel", absl::StrCat("must be 1 to ", kMaxChannelSize,
                                         " bytes of UTF-8 without control "
                                         "characters"));
  }
  if (header.number() == 0) return Wrong("number", "begins with 1");
  if (header.previous_sha256().size() !=
      (header.number() == 1 ? 0 : kHashSize)) {
    return Wrong("previous_sha256",
                 "absent in the first file, 32 bytes in all others");
  }
  if (header.created_seconds() < 0 || header.created_seconds() > kMaxSeconds) {
    return Wrong("created", "must be between 1970 and 9999");
  }
  if (header.request_sha256().size() != (is_request ? 0 : kHashSize)) {
    return Wrong("request_sha256", "absent in a request, 32 bytes in a result");
  }
  if (!is_request && (!header.head().empty() || header.have_entries() != 0)) {
    return Wrong("head", "of a request only");
  }
  if (!header.head().empty()) {
    RETURN_IF_ERROR(block::HeadOf(base::AsBytes(header.head())).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<block::Signed> ToSigned(const v1::Signature& from,
                                       const crypto::Sha256Digest& sha256,
                                       uint64_t offset) {
  block::Signed out;
  if (from.key_id().size() != out.key_id.size() || from.signature().empty() ||
      from.signature().size() > kMaxSignatureSize) {
    return Damaged(offset, "a malformed signature");
  }
  out.message = base::ToString(sha256);
  std::memcpy(out.key_id.data(), from.key_id().data(), out.key_id.size());
  out.signature = from.signature();
  return out;
}

Record ToRecord(const block::Signed& signature) {
  Record record;
  record.mutable_signature()->set_key_id(base::ToString(signature.key_id));
  record.mutable_signature()->set_signature(signature.signature);
  return record;
}

}  // namespace

absl::StatusOr<RecordReader> RecordReader::Open(const std::string& path) {
  base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return FromErrno(errno, "open", path);
  auto reader = Of(std::move(file));
  if (reader.ok()) return reader;
  return absl::Status(reader.status().code(),
                      absl::StrCat(path, ": ", reader.status().message()));
}

absl::StatusOr<RecordReader> RecordReader::Of(base::Fd file) {
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FromErrno(errno, "read", "file");
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError("air-gap file: not a regular file");
  }
  RecordReader reader(std::move(file), static_cast<uint64_t>(info.st_size));
  char magic[kMagic.size()];
  if (reader.size_ < kMagic.size() ||
      !reader.ReadAt(0, kMagic.size(), magic).ok() ||
      absl::string_view(magic, kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError(
        "air-gap file: does not begin as one does");
  }
  reader.offset_ = kMagic.size();
  return reader;
}

absl::Status RecordReader::ReadAt(uint64_t offset, size_t count,
                                  char* out) const {
  while (count > 0) {
    const ssize_t got =
        pread(file_.get(), out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", "air-gap file");
    if (got == 0) return Damaged(offset, "the file ends here");
    out += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordReader::Next(Record& record) {
  if (offset_ == size_) return false;
  const uint64_t rest = offset_ < size_ ? size_ - offset_ : 0;
  if (rest < kLengthSize) return Damaged(offset_, "the file is cut off here");
  raw_.resize(kLengthSize);
  RETURN_IF_ERROR(ReadAt(offset_, kLengthSize, raw_.data()));
  block::wire::Reader length(base::AsBytes(raw_));
  uint32_t size = 0;
  if (!length.Int(size) || size > kMaxRecordSize) {
    return Damaged(offset_, absl::StrCat("a record of ", size,
                                         " bytes: at most ", kMaxRecordSize));
  }
  if (rest - kLengthSize < size) {
    return Damaged(offset_, "the file is cut off in this record");
  }
  raw_.resize(kLengthSize + size);
  RETURN_IF_ERROR(
      ReadAt(offset_ + kLengthSize, size, raw_.data() + kLengthSize));
  const absl::string_view body = absl::string_view(raw_).substr(kLengthSize);
  if (!record.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return Damaged(offset_, "not a record");
  }
  // One encoding of each value. What we do not know, nobody has been shown.
  record.DiscardUnknownFields();
  if (record.SerializeAsString() != body) {
    return Damaged(offset_,
                   "a record with fields that this program does not know, or "
                   "not in their order");
  }
  offset_ += raw_.size();
  return true;
}

absl::StatusOr<CheckedFile> CheckFile(RecordReader& in, v1::Header& header,
                                      const RecordVisitor& visit) {
  crypto::Sha256Stream hash;
  hash.Update(base::AsBytes(kMagic));
  CheckedFile file;
  Record record;
  in.Seek(kMagic.size());
  bool has_header = false;
  while (true) {
    const uint64_t offset = in.offset();
    ASSIGN_OR_RETURN(const bool any, in.Next(record));
    if (!any) return Damaged(offset, "the file is cut off: it has no trailer");
    if (has_header && record.has_trailer()) {
      file.sha256 = hash.Finish();
      if (record.trailer().sha256() != base::ToString(file.sha256)) {
        return Damaged(offset, absl::StrCat("the trailer has another hash: "
                                            "what comes before has SHA-256 ",
                                            base::Hex(file.sha256)));
      }
      if (record.trailer().records() != file.records) {
        return Damaged(offset, "the trailer counts other records");
      }
      break;
    }
    hash.Update(in.raw());
    if (!has_header) {
      if (!record.has_header()) return Damaged(offset, "it has no header");
      header = record.header();
      RETURN_IF_ERROR(CheckHeader(header));
      has_header = true;
      continue;
    }
    if (!IsOf(header.direction(), record.record_case())) {
      return Damaged(offset, "a record that does not belong here");
    }
    RETURN_IF_ERROR(visit(offset, record));
    ++file.records;
  }
  while (true) {
    const uint64_t offset = in.offset();
    ASSIGN_OR_RETURN(const bool any, in.Next(record));
    if (!any) return file;
    if (!record.has_signature() || file.signatures.size() == kMaxSignatures) {
      return Damaged(offset, absl::StrCat("only signatures follow the trailer, "
                                          "at most ",
                                          kMaxSignatures));
    }
    ASSIGN_OR_RETURN(block::Signed signature,
                     ToSigned(record.signature(), file.sha256, offset));
    file.signatures.push_back(std::move(signature));
  }
}

absl::StatusOr<RecordWriter> RecordWriter::Create(const std::string& path,
                                                  const v1::Header& header) {
  RETURN_IF_ERROR(CheckHeader(header));
  base::Fd file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return FromErrno(errno, "create", path);
  RecordWriter writer(std::move(file), path);
  writer.buffer_ = std::string(kMagic);
  writer.hash_.Update(base::AsBytes(kMagic));
  Record record;
  *record.mutable_header() = header;
  RETURN_IF_ERROR(writer.Put(record, true));
  return writer;
}

absl::Status RecordWriter::Put(const Record& record, bool hashed) {
  if (record.ByteSizeLong() > kMaxRecordSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("air-gap file: a record of ", record.ByteSizeLong(),
                     " bytes: at most ", kMaxRecordSize));
  }
  const std::string frame = Frame(record);
  if (hashed) hash_.Update(base::AsBytes(frame));
  buffer_ += frame;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status RecordWriter::Flush() {
  RETURN_IF_ERROR(WriteAll(file_.get(), base::AsBytes(buffer_), path_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status RecordWriter::Add(const Record& record) {
  RETURN_IF_ERROR(Put(record, true));
  ++records_;
  return absl::OkStatus();
}

absl::StatusOr<crypto::Sha256Digest> RecordWriter::Finish() {
  const crypto::Sha256Digest sha256 = hash_.Finish();
  Record record;
  record.mutable_trailer()->set_sha256(base::ToString(sha256));
  record.mutable_trailer()->set_records(records_);
  RETURN_IF_ERROR(Put(record, false));
  return sha256;
}

absl::Status RecordWriter::AddSignature(const block::Signed& signature) {
  return Put(ToRecord(signature), false);
}

absl::Status RecordWriter::Close() {
  RETURN_IF_ERROR(Flush());
  if (fsync(file_.get()) != 0) return FromErrno(errno, "write", path_);
  return absl::OkStatus();
}

absl::Status AppendSignature(const std::string& path,
                             const block::Signed& signature) {
  const base::Fd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.valid()) return FromErrno(errno, "write", path);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FromErrno(errno, "read", path);
  const std::string frame = Frame(ToRecord(signature));
  absl::Status written = WriteAll(file.get(), base::AsBytes(frame), path);
  if (written.ok() && fsync(file.get()) != 0) {
    written = FromErrno(errno, "write", path);
  }
  // What is there of it would make the file one that is cut off.
  if (!written.ok() && ftruncate(file.get(), info.st_size) != 0) {
    return absl::DataLossError(
        absl::StrCat(written.message(), "; the file is damaged"));
  }
  return written;
}

}  // namespace chancery::airgap
