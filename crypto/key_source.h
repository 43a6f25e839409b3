// Opens private keys wherever they are, so that services do not care.
//
//   crypto::KeyOpener opener;  // One for each process.
//   ASSIGN_OR_RETURN(auto key, opener.Open({.file = "/etc/issuing.key"},
//   spki));
#ifndef CHANCERY_CRYPTO_KEY_SOURCE_H_
#define CHANCERY_CRYPTO_KEY_SOURCE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "crypto/pkcs11_token.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/public_key.h"
#include "crypto/secret_source.h"
#include "crypto/signing_key.h"

namespace chancery::crypto {

// Exactly one of `file` and `pkcs11_uri`.
struct KeySource {
  std::string file = {};           // PEM, readable only by its owner.
  std::string pkcs11_uri = {};     // RFC 7512.
  std::string pkcs11_module = {};  // A path, if the URI has no module-path.
  // The file's password (none if it is not encrypted) or the token's PIN (here
  // or as the URI's pin-source).
  SecretSource secret = {};
};

// Keys in one token share its login (with the PIN of the first that is opened)
// and its sessions if they come from one opener, which stays logged in for as
// long as it or one of them lives. Keys may outlive it.
// Thread-safe.
class KeyOpener {
 public:
  explicit KeyOpener(Pkcs11Token::Options options = {}) : options_(options) {}

  // InvalidArgument: `source` is not one key, or the file is not one.
  // FailedPrecondition: the key is not `expected`'s, or the file is readable by
  //   others.
  // NotFound: no such file, module, token, or key in the token.
  // PermissionDenied: password or PIN wrong, missing or locked.
  // Unavailable: the token does not answer.
  absl::StatusOr<std::unique_ptr<SigningKey>> Open(
      const KeySource& source, const std::optional<PublicKey>& expected = {});

  // The token of `source.pkcs11_uri`, which need not name a key.
  absl::StatusOr<std::shared_ptr<Pkcs11Token>> OpenToken(
      const KeySource& source);

  // The sum over all tokens that are open.
  Pkcs11Token::Health TokenHealth();

 private:
  // A token that is open, or the refusal of its PIN: it is not tried for each
  // key again, since the token would lock itself.
  struct Known {
    std::shared_ptr<Pkcs11Token> token;
    absl::Status refused;
  };

  absl::StatusOr<std::shared_ptr<Pkcs11Token>> TokenOf(const Pkcs11Uri& uri,
                                                       const SecretSource& pin);

  const Pkcs11Token::Options options_;
  base::Mutex mu_;
  // By Pkcs11Token::IdentityOf.
  std::map<std::string, Known> tokens_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_KEY_SOURCE_H_
