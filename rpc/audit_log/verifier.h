// Whether an audit log is what its service wrote.
//
//   AuditVerifier verifier({.service_ca = der, .anchors = {text}});
//   for (...) verifier.AddFile(name, content);      // Oldest first.
//   const AuditVerification result = verifier.Finish();
#ifndef CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_
#define CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
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
};

// Sees: a changed, missing, added or moved line (by the chain), all of it
// written anew (by the checkpoints' signatures and by anchors), an end that was
// cut off (by anchors beyond it). Cannot see what was cut off after the last
// line that somebody kept elsewhere. Thread-compatible.
class AuditVerifier {
 public:
  struct Options {
    // DER; empty: whose certificates sign checkpoints is not looked at.
    std::string service_ca = {};
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

  const Options options_;
  std::map<uint64_t, std::string> anchors_;  // By sequence.
  std::string anchored_service_;
  AuditVerification result_;
  bool began_ = false;
  At before_;              // The line before,
  std::string hash_;       // its hash,
  uint64_t sequence_ = 0;  // and what its successor's sequence should be.
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_VERIFIER_H_
