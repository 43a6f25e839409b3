// One line of an audit log (FORMAT.md), as a value and as text.
#ifndef CHANCERY_RPC_AUDIT_LOG_RECORD_H_
#define CHANCERY_RPC_AUDIT_LOG_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chancery::rpc {

// No line is longer, its end included.
inline constexpr size_t kMaxAuditLine = 256 << 10;

// What a line is about.
enum class AuditEvent {
  kStarted,    // The service began to write here.
  kStopped,    // It ended as it should.
  kRecovered,  // The end of an unfinished line was dropped; `why` says what.
  kAllowed,    // Decisions.
  kRefused,
  kFailed,      // It was allowed and did not happen; `why` says why.
  kCheckpoint,  // Signed: what an operator keeps elsewhere.
};
absl::string_view AuditEventName(AuditEvent event);

// What is not known is empty or 0 and left out of the line.
struct AuditRecord {
  AuditEvent event = AuditEvent::kAllowed;
  absl::Time time = absl::UnixEpoch();  // Microseconds.
  std::string identity = {};            // Whose URI was looked at.
  std::string role = {};
  std::string action = {};  // "Issue".
  std::string why = {};

  // What the action is about.
  std::string issuer = {};
  std::string profile = {};
  std::string serial = {};  // Lower-case hex.
  std::vector<std::string> names = {};
  uint64_t names_left_out = 0;
  std::string object = {};  // "block 0a1b", "shard 3".
  uint64_t count = 0;       // Of how many certificates.
  std::string request_id = {};
  std::string requester = {};  // For whom `identity` says it asks.

  // How often the same was decided since the last line that says it.
  uint64_t times = 0;

  // Of checkpoints: DER.
  std::string certificate = {};
  std::string signature = {};
};

// A line in its place.
struct AuditLine {
  uint64_t sequence = 0;      // From 0, without gaps, over all files.
  std::string previous = {};  // SHA-256 of the line before: 32 bytes; 0: none.
  std::string service = {};   // Whose log it is.
  AuditRecord record = {};
};

// The JSON text, without the line's end: ASCII on one line, whatever is in the
// record, and shorter than kMaxAuditLine. Texts over 512 bytes are cut (and say
// so), control characters and bytes that are not UTF-8 become U+FFFD, and there
// are at most 32 names.
std::string EncodeAuditLine(const AuditLine& line);

// The line that EncodeAuditLine gave this text for. InvalidArgument for
// anything else, also for the same facts written otherwise.
absl::StatusOr<AuditLine> ParseAuditLine(absl::string_view text);

// SHA-256 of a line's text: what the next one names as `previous`.
std::string AuditLineHash(absl::string_view text);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_RECORD_H_
