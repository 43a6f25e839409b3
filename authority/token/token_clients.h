// Clients that prove who they are with an HMAC key, as CFSSL's "standard" auth
// provider does: HMAC-SHA256(key, request).
#ifndef CHANCERY_AUTHORITY_TOKEN_TOKEN_CLIENTS_H_
#define CHANCERY_AUTHORITY_TOKEN_TOKEN_CLIENTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "authority/token/signed_request.h"
#include "base/secret.h"
#include "rpc/identity.h"

namespace chancery::config {
class Tokens;
}

namespace chancery::authority {

// The key's bytes. `source` is "file:PATH" (0600), "env:VARIABLE" or, for those
// who read CFSSL's configurations, the hex itself. InvalidArgument: not hex, or
// less than 16 bytes; other errors as crypto::ReadSecret. No message holds it.
absl::StatusOr<base::Secret> ReadHmacKey(const std::string& source);

struct TokenClient {
  rpc::Identity identity = {};
  std::vector<base::Secret> keys = {};  // The present one, and the one before.
  absl::Duration renew_after = absl::ZeroDuration();
};

// Immutable; thread-safe.
class TokenClients {
 public:
  // Reads the keys. InvalidArgument names the field: a URI that is none or is
  // there twice, one key for two clients, and as ReadHmacKey.
  static absl::StatusOr<TokenClients> Load(const config::Tokens& config);

  // Whose request it is. Looks at every key, whichever it is, in constant time.
  // Unauthenticated: nobody's, or its timestamp is further than `window` from
  // `now`. That is not signed: it keeps old requests out, not old requests with
  // a new time, which is what ReplayGuard is for.
  absl::StatusOr<const TokenClient*> Authenticate(const SignedRequest& request,
                                                  absl::Time now,
                                                  absl::Duration window) const;

  bool empty() const { return clients_.empty(); }

 private:
  std::vector<TokenClient> clients_;
};

// InvalidArgument names the field, its value and the rule. Reads no key.
absl::Status CheckTokens(const config::Tokens& config);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_TOKEN_TOKEN_CLIENTS_H_
