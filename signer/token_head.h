#ifndef CHANCERY_SIGNER_TOKEN_HEAD_H_
#define CHANCERY_SIGNER_TOKEN_HEAD_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/head.h"
#include "crypto/key_source.h"
#include "crypto/pkcs11_token.h"
#include "crypto/public_key.h"
#include "signer/head_signer.h"
#include "signer/standing.h"

namespace chancery::signer {

// A copy of the signer's newest head in the token of its manifest key (TRUST
// 3): where whoever restores an old ledger does not reach, and where the signer
// looks before it signs, even if nobody else shows it anything.
//
// It is a private data object, labelled with the signer's identity; the head
// without its index, some hundred bytes. Thread-compatible.
class TokenHead {
 public:
  // Since tokens write slowly, and some not often.
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  struct Options {
    // The same for all that may have this ledger, and for no other.
    std::string signer = {};
    std::vector<crypto::PublicKey> keys = {};  // As of Standing.
    // Told of each object that is no head which one of the keys signed.
    std::function<void(const absl::Status&)> ignored = [](const absl::Status&) {
    };
  };

  // `manifest_key` names the token. `standing` must outlive this object. Errors
  // as KeyOpener::OpenToken.
  static absl::StatusOr<std::unique_ptr<TokenHead>> Open(
      const crypto::KeySource& manifest_key, crypto::KeyOpener& opener,
      Standing& standing, Options options);

  // Shows the standing the newest head there, and returns it; nullopt if there
  // is none. Unavailable: the token does not answer, or as Standing::Look;
  // other codes: it does not do this, and nothing was shown.
  absl::StatusOr<std::optional<block::Head>> Show();

  // Shows as above, since another signer may have the token, too; then, if this
  // one may sign, keeps `head` in place of what is there, unless it kept one
  // less than kInterval before `now`. At each moment a whole one is there.
  // Whether it was kept. After an error, tries again after kInterval.
  absl::StatusOr<bool> Keep(const NewestHead& head, absl::Time now);

 private:
  TokenHead(std::shared_ptr<crypto::Pkcs11Token> token, Standing& standing,
            Options options);

  const std::shared_ptr<crypto::Pkcs11Token> token_;
  Standing& standing_;
  const Options options_;
  const std::string label_;
  absl::Time due_ = absl::InfinitePast();
  absl::Time kept_ = absl::InfinitePast();  // The head's time.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_TOKEN_HEAD_H_
