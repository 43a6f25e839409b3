// A certificate's life, and which changes of it are allowed (TRUST 2.2).
//
//   issue, import --> good --hold--> held --release--> good
//                      |              |
//                      +--revoke------+--revoke (any reason, the hold's date)
//                                     v
//                                  revoked --revoke (keyCompromise, same date
//                                     ^             or earlier)--+
//                                     +--------------------------+
#ifndef CHANCERY_SIGNER_LEDGER_CERTIFICATE_STATE_H_
#define CHANCERY_SIGNER_LEDGER_CERTIFICATE_STATE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/entry.h"

namespace chancery::signer {

enum class CertificateStatus : uint8_t { kGood = 0, kHeld = 1, kRevoked = 2 };

struct CertificateState {
  std::string issuer_id = {};
  std::string serial = {};
  std::string certificate_sha256 = {};
  absl::Time not_after = {};
  uint32_t crl_shard = 0;
  std::string block_id = {};
  uint32_t place = 0;
  CertificateStatus status = CertificateStatus::kGood;
  uint8_t reason = 0;  // RFC 5280 section 5.3.1; 6 when held; 0 when good.
  absl::Time revoked_at = {};  // The epoch when good.
  uint64_t issued_index = 0;   // The ledger entry that has the certificate.
  uint64_t changed_index = 0;  // The last entry that changed any of this.
};

// `state` after `change`, which is recorded at `now`.
// `change` is valid (ValidateEntry). InvalidArgument: a date after `now`.
// FailedPrecondition: the present status does not allow the change, or nothing
//   would change.
absl::StatusOr<CertificateState> ChangeStatus(CertificateState state,
                                              const ledger::StatusEntry& change,
                                              absl::Time now);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_CERTIFICATE_STATE_H_
