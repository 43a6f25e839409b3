// Checkpoints: lines of an audit log that the service signs (FORMAT.md).
#ifndef CHANCERY_RPC_AUDIT_LOG_CHECKPOINT_H_
#define CHANCERY_RPC_AUDIT_LOG_CHECKPOINT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "crypto/signing_key.h"
#include "rpc/audit_log/record.h"

namespace chancery::config {
class TlsIdentity;
}

namespace chancery::rpc {

// How long a service lets lines stand that no checkpoint covers.
inline constexpr absl::Duration kCheckpointInterval = absl::Minutes(1);

// What signs them: the key of the service's own mTLS identity. It gives the
// service no power that it does not have, as a new key in the signer would, and
// whoever checks has its root already, the service CA.
struct CheckpointKey {
  std::shared_ptr<const crypto::SigningKey> key = nullptr;
  std::string certificate = {};  // DER.
};

// As the files are now: identities are renewed. Errors name the file.
absl::StatusOr<CheckpointKey> LoadCheckpointKey(
    const config::TlsIdentity& identity);

// Gives `line`, whose other fields are set, its certificate and signature.
absl::Status SignCheckpoint(const CheckpointKey& key, AuditLine& line);

// Whether the certificate in `line` is the service's and its key signed the
// line. With `service_ca` (DER), also whether that CA issued the certificate
// and it was valid when the line was written. InvalidArgument says what is
// wrong.
absl::Status CheckCheckpoint(const AuditLine& line,
                             absl::string_view service_ca);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_CHECKPOINT_H_
