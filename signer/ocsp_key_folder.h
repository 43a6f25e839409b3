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
#include "crypto/signing_key.h"
#include "crypto/software_key.h"
#include "signer/ocsp_private_keys.h"

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

// The keys of one signer: private halves wherever OcspPrivateKeys has them,
// certificates in a folder, as
//
//   ocsp-<created>-<issuer>.pem   by that issuer, mode 0600
//
// `created` is in seconds since 1970. A file is whole and synced before it has
// its name. What else lies there is left alone. Thread-compatible.
class OcspKeyFolder {
 public:
  // Makes the folder (mode 0700) if it is not there. `keys` must outlive this
  // object.
  static absl::StatusOr<OcspKeyFolder> Open(std::string folder,
                                            OcspPrivateKeys& keys);

  // By time. A certificate that cannot be read, or without a key, is no error:
  // another one is made. Errors name a key.
  absl::StatusOr<std::vector<OcspKey>> Load() const;

  // After an error the key may be there all the same: Load tells.
  absl::StatusOr<OcspKey> Make(absl::Time created,
                               const crypto::KeySpec& spec) const;
  absl::Status KeepCertificate(const OcspKey& key, const std::string& issuer,
                               const std::string& der) const;
  // The private key, for good, after its files.
  absl::Status Destroy(const OcspKey& key) const;

 private:
  OcspKeyFolder(std::string folder, OcspPrivateKeys& keys)
      : folder_(std::move(folder)), keys_(&keys) {}
  std::string PathOf(absl::Time created, const std::string& issuer) const;

  std::string folder_;
  OcspPrivateKeys* keys_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_KEY_FOLDER_H_
