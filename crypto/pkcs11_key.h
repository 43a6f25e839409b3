// A private key that stays in a token.
#ifndef CHANCERY_CRYPTO_PKCS11_KEY_H_
#define CHANCERY_CRYPTO_PKCS11_KEY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "crypto/breaker.h"
#include "crypto/message_digest.h"
#include "crypto/pkcs11_objects.h"
#include "crypto/pkcs11_session_pool.h"
#include "crypto/signing_key.h"

namespace chancery::crypto {

// Hashes here and has the token sign the digest, one small exchange. Every
// signature is verified before it is returned.
//
// A session, a login, a handle that the token has forgotten, or an error of the
// device, costs another session or another connection and is tried again, up
// to three times in all. In each new connection the key under this name must
// be the one that it was.
//
// Each key has its breaker: after three calls in a row that failed for what is
// the key's own, further ones are refused at once (Unavailable), but for one
// now and then, while the token's other keys go on. What ails the whole token
// is its pool's.
class Pkcs11Key final : public SigningKey {
 public:
  // FailedPrecondition if the token's public half is not `expected`: the key
  // under that name is another one. NotFound if there is no such key, or its
  // public half is neither in the token nor expected.
  static absl::StatusOr<std::unique_ptr<Pkcs11Key>> Open(
      std::shared_ptr<Pkcs11SessionPool> pool, Pkcs11KeyName name,
      const std::optional<PublicKey>& expected);

  const PublicKey& public_key() const override { return public_key_; }
  SignatureAlgorithm algorithm() const override { return algorithm_; }
  absl::StatusOr<std::string> Sign(base::Bytes message) const override;
  // As SignDigest in digest_signing.h.
  absl::StatusOr<std::string> SignDigest(const MessageDigest& digest) const;

 private:
  // A private key's handle means something only in its epoch.
  struct Handle {
    uint64_t epoch = 0;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    bool always_authenticate = false;
  };

  Pkcs11Key(std::shared_ptr<Pkcs11SessionPool> pool, Pkcs11KeyName name,
            PublicKey public_key, SignatureAlgorithm algorithm);

  absl::StatusOr<Handle> FindHandle(
      const Pkcs11SessionPool::Lease& lease) const;
  void ForgetHandle() const;
  absl::StatusOr<std::string> SignRaw(const Pkcs11SessionPool::Lease& lease,
                                      base::Bytes input) const;
  absl::StatusOr<std::string> SignInToken(base::Bytes input) const;
  // What the token makes of `input`, in X.509 form and checked by `verify`.
  absl::StatusOr<std::string> SignAndVerify(
      base::Bytes input,
      absl::FunctionRef<absl::Status(base::Bytes)> verify) const;
  absl::StatusOr<std::string> Verified(
      const std::string& raw,
      absl::FunctionRef<absl::Status(base::Bytes)> verify) const;

  const std::shared_ptr<Pkcs11SessionPool> pool_;
  const Pkcs11KeyName name_;
  const PublicKey public_key_;
  const SignatureAlgorithm algorithm_;
  mutable Breaker breaker_;
  mutable Pkcs11SessionPool::Share share_;

  mutable base::Mutex mu_;
  mutable Handle handle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_KEY_H_
