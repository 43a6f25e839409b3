#ifndef CHANCERY_SIGNER_OCSP_KEY_FOLDER_H_
#define CHANCERY_SIGNER_OCSP_KEY_FOLDER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/software_key.h"

namespace chancery::signer {

// A delegated OCSP key and the certificates that issuers gave it.
struct OcspKey {
  absl::Time created = {};  // Whole seconds; each key has its own.
  // The latest notAfter of its certificates, which others clamp to their
  // issuer's; the epoch without any.
  absl::Time ends = absl::UnixEpoch();
  std::shared_ptr<const crypto::SigningKey> key = {};
  std::map<std::string, std::string> certificates = {};  // By issuer: DER.
};

// A folder of the keys of one signer:
//
//   ocsp-<created>.key            PKCS #8, mode 0600
//   ocsp-<created>-<issuer>.pem   its certificate by that issuer
//
// `created` is in seconds since 1970. A file is whole and synced before it has
// its name. What else lies there is left alone. Thread-compatible.
class OcspKeyFolder {
 public:
  // Makes the folder (mode 0700) if it is not there.
  static absl::StatusOr<OcspKeyFolder> Open(std::string folder);

  // By time. A certificate that cannot be read, or without a key, is no error:
  // another one is made. Errors name a key's file.
  absl::StatusOr<std::vector<OcspKey>> Load() const;

  absl::StatusOr<OcspKey> Make(absl::Time created,
                               const crypto::KeySpec& spec) const;
  absl::Status KeepCertificate(const OcspKey& key, const std::string& issuer,
                               const std::string& der) const;
  // Overwrites the private key and removes all of its files.
  absl::Status Destroy(const OcspKey& key) const;

 private:
  explicit OcspKeyFolder(std::string folder) : folder_(std::move(folder)) {}
  std::string Stem(absl::Time created) const;

  std::string folder_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_KEY_FOLDER_H_
