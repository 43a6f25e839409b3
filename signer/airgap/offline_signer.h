#ifndef CHANCERY_SIGNER_AIRGAP_OFFLINE_SIGNER_H_
#define CHANCERY_SIGNER_AIRGAP_OFFLINE_SIGNER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "signer/airgap/request_signer.h"

namespace chancery::config {
class Signer;
}

namespace chancery::signer {

// The signer of a machine without a network: the same parts as chancery-signer
// in this process, which work off files instead of calls. Its requests and
// results are kept in `ledger_dir`/airgap. Not thread-safe.
class OfflineSigner {
 public:
  // Opens keys and ledger; writes nothing. `clock` and `random` must outlive
  // it. FailedPrecondition: the configuration has no air_gap, or another
  // process has the ledger. Others as CheckConfig, LoadIssuers,
  // OpenRocksDbStore and Ledger::Open.
  static absl::StatusOr<std::unique_ptr<OfflineSigner>> Open(
      const config::Signer& config, bool confirm_clock,
      const base::Clock& clock, base::Random& random);
  virtual ~OfflineSigner() = default;

  virtual RequestSigner& requests() = 0;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AIRGAP_OFFLINE_SIGNER_H_
