// What is asked of a signer that may not sign yet.
#ifndef CHANCERY_REFRESHER_CATCH_UP_CLIENT_H_
#define CHANCERY_REFRESHER_CATCH_UP_CLIENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::refresher {

// How a signer stands (chancery/signer/v1/catch_up.proto).
struct SignerStanding {
  std::string state = {};  // "ACTIVE", "BEHIND", "STANDBY", ...
  std::string why = {};    // It may not sign; empty if it may.
  uint64_t ledger_size = 0;
  uint64_t epoch = 0;
  uint64_t wanted_size = 0;
  std::string head = {};  // The newest that it made, of one that is active.

  bool active() const { return state == "ACTIVE"; }
  bool forked() const { return state == "FORKED"; }
};

// Every call may fail with Unavailable. Thread-safe.
class CatchUpClient {
 public:
  virtual ~CatchUpClient() = default;

  // What is empty is not shown.
  virtual absl::StatusOr<SignerStanding> Show(
      const std::string& head, const std::string& ledger_root) = 0;
  // Those that it has are compared. InvalidArgument: they do not lead to the
  // root.
  virtual absl::StatusOr<SignerStanding> AddEntries(
      uint64_t from, const std::vector<std::string>& entries,
      const std::string& ledger_root) = 0;
  virtual absl::StatusOr<SignerStanding> Promote() = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_CATCH_UP_CLIENT_H_
