// Whether an audit log is what its service wrote.
//
//   AuditVerifier verifier({.service_ca = der, .anchors = {text}});
//   for (...) verifier.AddFile(name, content);      // Oldest first.
//   const AuditVerification result = verifier.Finish();
#ifndef CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_
#define CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpc/audit_log/checkpoint.h"
#include "rpc/audit_log/record.h"

namespace chancery::rpc {

// What is wrong, and where: line numbers are from 1; 0: of no one line.
struct AuditFinding {
  std::string file = {};
  uint64_t line = 0;
  std::string what = {};
};

struct AuditVerification {
  std::string service = {};
  uint64_t lines = 0;
  uint64_t first_sequence = 0, last_sequence = 0;
  uint64_t checkpoints = 0;
  uint64_t anchors = 0;  // Found in the log, as they are kept elsewhere.
  std::string newest_checkpoint = {};       // Its text; empty: there is none.
  uint64_t unsigned_lines = 0;              // After it.
  std::vector<AuditFinding> findings = {};  // At most 1,000.
  std::vector<std::string> notes = {};      // What it does not vouch for.
};

// Sees: a changed, missing, added or moved line (by the chain), all of it
// written anew (by the checkpoints' signatures, by checkpoints that are
// missing, and by anchors), an end that was cut off (by anchors beyond it).
// Cannot see what was cut off after the last line that somebody kept elsewhere,
// nor what was written anew of the minute after the last checkpoint of a
// service that then ended without one. Thread-compatible.
//
// When checkpoints are missing: a service signs one with its first line, with
// what was decided an interval or more after the last one, and at its end. So
// lines that were decided later than that either precede a checkpoint by less
// than an interval, in one write with it, or a crash tore that write. Anything
// else later, up to the next start or the end of the log, is a finding.
class AuditVerifier {
 public:
  struct Options {
    // DER; empty: whose certificates sign checkpoints is not looked at.
    std::string service_ca = {};
    // The service's. Infinite: it signs none, and none is missed.
    absl::Duration checkpoint_interval = kCheckpointInterval;
  };
  explicit AuditVerifier(Options options) : options_(std::move(options)) {}

  // A checkpoint line that was kept elsewhere. Before the first AddFile.
  // InvalidArgument: it is none, or its signature does not verify.
  absl::Status AddAnchor(absl::string_view text);

  // The next file of the log; `content` may have gigabytes.
  void AddFile(const std::string& name, absl::string_view content);

  AuditVerification Finish();

 private:
  struct At {
    std::string file;
    uint64_t line = 0;
  };
  void AddLine(const At& at, absl::string_view text);
  void CheckChain(const At& at, const AuditLine& line);
  void CheckSigned(const At& at, const AuditLine& line, absl::string_view text);
  void Find(const At& at, std::string what);
  // The lines since the last checkpoint that holds.
  void FollowUncovered(const At& at, const AuditRecord& record);
  // They end with a checkpoint or torn write; or, with neither, here.
  void EndUncovered(bool in_one_write);
  void NoteWhatIsOpen();

  const Options options_;
  std::map<uint64_t, std::string> anchors_;  // By sequence.
  std::string anchored_service_;
  AuditVerification result_;
  bool began_ = false;
  // When the last checkpoint was due at the latest. Before the first one is
  // seen: counted from the first line.
  std::optional<absl::Time> due_;
  At first_uncovered_;  // Line 0: all are covered.
  struct Late {
    At first = {}, last = {};
    uint64_t lines = 0;
    absl::Time from = {}, to = {};
  };
  Late late_;                // Decided after due_.
  bool only_starts_ = true;  // No line tells of anything else.
  At before_;                // The line before,
  std::string hash_;         // its hash,
  uint64_t sequence_ = 0;    // and what its successor's sequence should be.
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_
