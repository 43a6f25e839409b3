#ifndef CHANCERY_SIGNER_OCSP_TOKEN_KEYS_H_
#define CHANCERY_SIGNER_OCSP_TOKEN_KEYS_H_

#include <memory>
#include <string>

#include "crypto/key_source.h"
#include "crypto/pkcs11_token.h"
#include "crypto/pkcs11_uri.h"
#include "signer/ocsp_private_keys.h"

namespace chancery::signer {

// Keys that are made in a token, never leave it and are destroyed there. Label
// and id (CKA_LABEL, CKA_ID) both are `<stem>-<created>`; a key with another id
// is somebody else's, whatever its label.
//
// Nothing stays behind: Load finds a key that was made and not used, and
// destroys the half of one that a crash left without the other. Two signers in
// one token need different stems: each destroys what has its own.
class OcspTokenKeys final : public OcspPrivateKeys {
 public:
  // `token` names a token; the URI's `object`, or "ocsp", is the stem.
  // InvalidArgument: CheckToken. Otherwise as KeyOpener::OpenToken.
  static absl::StatusOr<std::unique_ptr<OcspTokenKeys>> Open(
      const crypto::KeySource& token, crypto::KeyOpener& opener);

  // InvalidArgument unless it is in a token and has no `id`: says what is
  // wrong. Opens nothing.
  static absl::Status CheckToken(const crypto::KeySource& token);

  absl::StatusOr<ByTime> Load() override;
  absl::StatusOr<std::shared_ptr<const crypto::SigningKey>> Make(
      absl::Time created, const crypto::KeySpec& spec) override;
  absl::Status Destroy(absl::Time created,
                       const crypto::PublicKey& key) override;

 private:
  OcspTokenKeys(std::shared_ptr<crypto::Pkcs11Token> token, std::string stem)
      : token_(std::move(token)), stem_(std::move(stem)) {}
  crypto::Pkcs11Uri NameOf(absl::Time created) const;

  const std::shared_ptr<crypto::Pkcs11Token> token_;
  const std::string stem_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_TOKEN_KEYS_H_
