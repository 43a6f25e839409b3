#ifndef CHANCERY_SIGNER_OCSP_FILE_KEYS_H_
#define CHANCERY_SIGNER_OCSP_FILE_KEYS_H_

#include <string>
#include <utility>

#include "signer/ocsp_private_keys.h"

namespace chancery::signer {

// Keys as files of a folder: `ocsp-<created>.key`, PKCS #8, mode 0600; whole
// and synced before they have their names. Destroyed, they are overwritten and
// removed. The folder is made (mode 0700) when it is first read.
class OcspFileKeys final : public OcspPrivateKeys {
 public:
  explicit OcspFileKeys(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<ByTime> Load() override;
  absl::StatusOr<std::shared_ptr<const crypto::SigningKey>> Make(
      absl::Time created, const crypto::KeySpec& spec) override;
  absl::Status Destroy(absl::Time created,
                       const crypto::PublicKey& key) override;

 private:
  std::string PathOf(absl::Time created) const;

  const std::string folder_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_FILE_KEYS_H_
