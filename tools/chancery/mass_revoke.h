// chancery revoke --file: many certificates with one call for each issuer.
#ifndef CHANCERY_TOOLS_CHANCERY_MASS_REVOKE_H_
#define CHANCERY_TOOLS_CHANCERY_MASS_REVOKE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tools/chancery/environment.h"

namespace chancery::cli {

struct MassRevokeOptions {
  std::string file = {};
  std::string issuer = {};  // Of lines that name none; "": the default's.
  std::string order_file = {};
  std::string request_id = {};  // "": follows from what is asked for.
  int reason = 0;
  int64_t revoked_at_seconds = 0;  // 0: now.
  bool direct = false;             // Ask the signer itself.
  bool json = false;
};

// Shows how far it is on `environment.err`, and what could not be revoked on
// `environment.out`. Whatever stopped it, the same command goes on where it
// was: unless told, request ids follow from issuer, reason, date and serials.
// False: some could not be revoked.
absl::StatusOr<bool> MassRevoke(const Environment& environment,
                                const MassRevokeOptions& options);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_MASS_REVOKE_H_
