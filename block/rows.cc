#include "block/rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "base/status_macros.h"

namespace chancery::block {

Rows::Rows(size_t serial_size, size_t signatures_size)
    : serial_size_(serial_size), signatures_size_(signatures_size) {}

void Rows::AppendEmpty() {
  memory_.append(Stride(), '\0');
  ++count_;
}

void Rows::Set(uint32_t place, RecordStatus status, base::Bytes serial) {
  if (serial.size() > serial_size_) Widen(serial.size());
  char* const row = memory_.data() + place * Stride();
  row[0] = static_cast<char>(static_cast<uint8_t>(status) << kStatusShift |
                             serial.size());
  std::fill_n(std::copy(serial.begin(), serial.end(), row + 1),
              serial_size_ - serial.size(), '\0');
}

void Rows::Widen(size_t serial_size) {
  Rows wide(serial_size, signatures_size_);
  wide.Reserve(count_);
  for (uint32_t place = 0; place < count_; ++place) {
    wide.AppendEmpty();
    wide.Set(place, Status(place), Serial(place));
    const base::Bytes signatures = Signatures(place);
    std::copy(signatures.begin(), signatures.end(),
              wide.MutableSignatures(place).begin());
  }
  *this = std::move(wide);
}

absl::Status Rows::MoveToFile(const std::string& folder) {
  if (file_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(base::MappedFile file,
                   base::MappedFile::Create(folder, memory_.size()));
  std::copy(memory_.begin(), memory_.end(), file.bytes().begin());
  memory_ = std::string();
  file_ = std::make_shared<const base::MappedFile>(std::move(file));
  return absl::OkStatus();
}

void Rows::MoveToMemory() {
  if (file_ == nullptr) return;
  memory_.assign(file_->bytes().data(), file_->bytes().size());
  file_.reset();
}

}  // namespace chancery::block
