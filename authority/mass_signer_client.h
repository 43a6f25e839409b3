// What an authority asks of the signer when many certificates are to end.
#ifndef CHANCERY_AUTHORITY_MASS_SIGNER_CLIENT_H_
#define CHANCERY_AUTHORITY_MASS_SIGNER_CLIENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "block/update.h"

namespace chancery::authority {

struct MassRevokeOrder {
  std::string request_id = {};
  std::string requester = {};  // The client's identity URI.
  std::string issuer = {};
  std::vector<std::string> serials = {};
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();  // The epoch: now.
  std::string order = {};  // Signed by a second identity; empty: none.
};

struct RefusedSerial {
  std::string serial = {};
  bool unknown = false;
  std::string why = {};
};

// How far it is: all that is counted is in the ledger.
struct MassProgress {
  uint64_t total = 0;
  uint64_t done = 0;
  uint64_t revoked = 0;
  uint64_t already_revoked = 0;
  // Since what was told before.
  std::vector<RefusedSerial> refused = {};
  std::vector<block::Update> updates = {};
};

// Thread-safe.
class MassSignerClient {
 public:
  virtual ~MassSignerClient() = default;

  // Tells `report` of each step; its error ends the call and is returned.
  // Unavailable: repeat with the same request id, which does what is left.
  // Other errors are the client's, and their messages may be shown.
  virtual absl::Status RevokeMany(
      const MassRevokeOrder& order,
      absl::FunctionRef<absl::Status(MassProgress)> report) = 0;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_MASS_SIGNER_CLIENT_H_
