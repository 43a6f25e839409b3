// What an authority asks of the signer.
#ifndef CHANCERY_AUTHORITY_SIGNER_CLIENT_H_
#define CHANCERY_AUTHORITY_SIGNER_CLIENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/update.h"
#include "storage/rows.h"

namespace chancery::authority {

struct SignerIssue {
  std::string request_id = {};
  std::string requester = {};
  std::string issuer = {};
  std::string profile = {};
  std::string csr = {};  // DER.
  // The epoch: as the profile says.
  absl::Time not_before = absl::UnixEpoch(), not_after = absl::UnixEpoch();
};

struct SignerIssued {
  std::string certificate = {};         // DER.
  std::vector<std::string> chain = {};  // DER, without the root.
  std::string issuer_id = {};
  std::string serial = {};
  uint64_t ledger_index = 0;
  bool repeated = false;
  // Where its OCSP record and its CRL entry are.
  std::string block_id = {};
  uint32_t place = 0;
  uint32_t crl_shard = 0;
};

struct SignerIssuedBatch {
  // As the requests were, in their order.
  std::vector<absl::StatusOr<SignerIssued>> results = {};
  std::vector<block::Update> updates = {};
};

struct SignerRevoke {
  std::string request_id = {};
  std::string requester = {};
  std::string issuer = {};
  std::string serial = {};
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();  // The epoch: now.
};

struct SignerRelease {
  std::string request_id = {};
  std::string requester = {};
  std::string issuer = {};
  std::string serial = {};
};

struct SignerStatus {
  storage::StatusRow status = {};
  std::vector<block::Update> updates = {};
};

// What returns OK is in the ledger. Unavailable: repeat with the same request
// id, which is harmless. Other errors are the client's, and their messages may
// be shown. Thread-safe.
class SignerClient {
 public:
  virtual ~SignerClient() = default;

  // At most 256.
  virtual absl::StatusOr<SignerIssuedBatch> IssueBatch(
      const std::vector<SignerIssue>& requests) = 0;
  virtual absl::StatusOr<SignerStatus> Revoke(const SignerRevoke& request) = 0;
  virtual absl::StatusOr<SignerStatus> Release(
      const SignerRelease& request) = 0;
  virtual absl::StatusOr<std::vector<storage::IssuerRow>> ListIssuers() = 0;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_SIGNER_CLIENT_H_
