#ifndef CHANCERY_SIGNER_OCSP_PRIVATE_KEYS_H_
#define CHANCERY_SIGNER_OCSP_PRIVATE_KEYS_H_

#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "crypto/software_key.h"

namespace chancery::signer {

// The private halves of the delegated OCSP keys of one signer, wherever they
// lie. The second in which a key was made names it. Thread-compatible.
class OcspPrivateKeys {
 public:
  using ByTime =
      std::map<absl::Time, std::shared_ptr<const crypto::SigningKey>>;

  virtual ~OcspPrivateKeys() = default;

  // All that are there. What is named otherwise is somebody else's. Errors name
  // the key.
  virtual absl::StatusOr<ByTime> Load() = 0;

  // After an error the key may be there all the same: Load tells.
  virtual absl::StatusOr<std::shared_ptr<const crypto::SigningKey>> Make(
      absl::Time created, const crypto::KeySpec& spec) = 0;

  // For good. OK if there is none. FailedPrecondition: another key has its
  // name.
  virtual absl::Status Destroy(absl::Time created,
                               const crypto::PublicKey& key) = 0;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_PRIVATE_KEYS_H_
