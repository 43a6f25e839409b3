// What one place of a block says.
#ifndef CHANCERY_BLOCK_RECORD_H_
#define CHANCERY_BLOCK_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::block {

enum class RecordStatus : uint8_t { kEmpty = 0, kGood = 1, kRevoked = 2 };

// RFC 5280 allows 20 octets.
inline constexpr size_t kMaxSerialSize = 20;

// The facts of one response, as its signature covers them. Views: whoever holds
// the serial must outlive it.
struct RecordFacts {
  base::Bytes serial = {};  // Magnitude, big-endian, no leading zero octet.
  RecordStatus status = RecordStatus::kEmpty;
  absl::Time revocation_time = absl::UnixEpoch();  // When kRevoked.
  int reason = 0;  // RFC 5280 section 5.3.1; 0 is written as absence.
  absl::Time this_update = {};  // Also its producedAt.
  absl::Time next_update = {};
};

// A record that owns its bytes. With kEmpty everything else is empty.
struct Record {
  RecordStatus status = RecordStatus::kEmpty;
  std::string serial = {};
  absl::Time revocation_time = absl::UnixEpoch();
  int reason = 0;
  absl::Time this_update = absl::UnixEpoch();
  absl::Time next_update = absl::UnixEpoch();
  // One for each template of the block, in the template's compact form.
  std::vector<std::string> signatures = {};

  RecordFacts facts() const {
    return {.serial = base::AsBytes(serial),
            .status = status,
            .revocation_time = revocation_time,
            .reason = reason,
            .this_update = this_update,
            .next_update = next_update};
  }
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_RECORD_H_
