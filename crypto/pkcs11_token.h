// A PKCS#11 token and the keys in it.
//
//   ASSIGN_OR_RETURN(auto token, Pkcs11Token::Open(uri, std::move(pin), {}));
//   ASSIGN_OR_RETURN(auto key, token->OpenKey(uri, issuer_public_key));
#ifndef CHANCERY_CRYPTO_PKCS11_TOKEN_H_
#define CHANCERY_CRYPTO_PKCS11_TOKEN_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/secret.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "crypto/software_key.h"
#include "crypto/token_facts.h"

namespace chancery::crypto {

// Logged in for as long as it or one of its keys lives; its keys share one pool
// of sessions. Thread-safe.
class Pkcs11Token {
 public:
  struct Options {
    int max_sessions = 16;
    std::chrono::milliseconds wait{10'000};  // For a free session.
    // Of the pauses after failures. Null: the system's.
    const base::Clock* clock = nullptr;
    // Whether a PIN is tried although one more wrong one would lock the token.
    bool try_final_pin = false;
  };

  struct Health {
    int failing_keys = 0;      // That are not tried at present.
    uint64_t connections = 0;  // That were made; 1 for each token never lost.
  };

  // The token that `uri` describes, through the module at uri.module_path.
  // InvalidArgument: no module path.
  // NotFound: the module cannot be loaded, or no token matches; names those
  //   that are present.
  // PermissionDenied: the PIN is wrong or locked, or one more wrong one would
  //   lock it.
  // `pin` is what `uri.pin` holds, which is read again when it changes.
  static absl::StatusOr<std::shared_ptr<Pkcs11Token>> Open(
      const Pkcs11Uri& uri, base::Secret pin, const Options& options);
  ~Pkcs11Token();

  // What distinguishes the token that `uri` describes from all others, whatever
  // part of it the URI names. Does not log in. Errors as Open.
  static absl::StatusOr<std::string> IdentityOf(const Pkcs11Uri& uri);

  // The private key with uri.object and uri.id. The key may outlive this.
  // FailedPrecondition if the token's public key is not `expected`, or several
  // keys match; NotFound if none does.
  absl::StatusOr<std::unique_ptr<SigningKey>> OpenKey(
      const Pkcs11Uri& uri, const std::optional<PublicKey>& expected) const;

  // Makes a key pair that never leaves the token. AlreadyExists if a private
  // key has `label` or `id` (bytes). Unimplemented if the token cannot make it.
  absl::StatusOr<PublicKey> GenerateKey(const KeySpec& spec,
                                        const std::string& label,
                                        const std::string& id) const;

  // All keys in it, of whomever, by label and id.
  absl::StatusOr<std::vector<TokenKey>> ListKeys() const;

  // FailedPrecondition unless it is `expected`'s. NotFound. A key that is
  // already open signs no more.
  absl::Status DestroyKey(const Pkcs11Uri& key,
                          const PublicKey& expected) const;

  // Destroys a half that has lost its other one, as a crash leaves them. OK if
  // there is none; FailedPrecondition if both are there.
  absl::Status DestroyHalfKey(const Pkcs11Uri& key) const;

  // The bytes of all data objects that ReplaceData made with this label, in no
  // order: two after it ended half way. Those over 4 KiB are read as empty.
  absl::StatusOr<std::vector<std::string>> ReadData(
      const std::string& label) const;

  // Keeps `value`, of up to 4 KiB, in place of the data with this label, for
  // whoever is logged in to see; at each moment there is a whole one.
  // Unavailable: the token does not answer. Otherwise it takes no such data.
  absl::Status ReplaceData(const std::string& label, base::Bytes value) const;

  Health health() const;

  // The rest is for ceremonies (pkcs11_custody.h). Keys are those with the
  // object and id of a URI; new ones need both.

  // What it says of itself.
  absl::StatusOr<TokenFacts> Facts() const;

  // AlreadyExists if a private or secret key has the object, or the id.
  absl::Status CheckFree(const Pkcs11Uri& key) const;

  // As GenerateKey, of a key that Wrap can take out.
  absl::StatusOr<PublicKey> GenerateExtractableKey(const KeySpec& spec,
                                                   const Pkcs11Uri& key) const;
  // Makes an AES-256 key for Wrap and Unwrap. AlreadyExists as CheckFree.
  absl::Status GenerateWrappingKey(const Pkcs11Uri& key) const;
  absl::Status DestroyWrappingKey(const Pkcs11Uri& key) const;

  // The private key, encrypted (RFC 5649). FailedPrecondition if it was not
  // made to be taken out.
  absl::StatusOr<std::string> Wrap(const Pkcs11Uri& wrapping_key,
                                   const Pkcs11Uri& key) const;
  // The inverse; the key has proved, by a signature, to be `public_key`'s.
  // AlreadyExists as CheckFree; InvalidArgument: `wrapped` is not that key's.
  // After an error the token is as before.
  absl::Status Unwrap(const Pkcs11Uri& wrapping_key, base::Bytes wrapped,
                      const PublicKey& public_key, const Pkcs11Uri& key) const;

 private:
  struct State;
  explicit Pkcs11Token(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_TOKEN_H_
