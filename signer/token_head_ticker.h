// The copy of the newest head in the token, from the start to the end of a
// process.
#ifndef CHANCERY_SIGNER_TOKEN_HEAD_TICKER_H_
#define CHANCERY_SIGNER_TOKEN_HEAD_TICKER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "rpc/process.h"
#include "signer/head_signer.h"
#include "signer/standing.h"
#include "signer/token_head.h"

namespace chancery::signer {

// What the token knows of this ledger is shown when this returns. Null unless
// the configuration says so. Errors as TokenHead::Open, and Unavailable as
// TokenHead::Show; of a token that does not do this only the log tells.
// `standing` and `process` must outlive what is returned.
absl::StatusOr<std::unique_ptr<TokenHead>> OpenTokenHead(
    const config::Signer& config, TokenHead::Options options,
    crypto::KeyOpener& opener, Standing& standing, rpc::Process& process);

// Has it kept every minute. A token that cannot is told of once, and tried on.
// Thread-compatible.
class TokenHeadTicker {
 public:
  // `head` may be null. Both must outlive this object.
  TokenHeadTicker(TokenHead* head, rpc::Process& process)
      : head_(head), process_(process) {}

  // To be called every second; `newest` may be null.
  void Tick(const NewestHead* newest);

 private:
  TokenHead* const head_;
  rpc::Process& process_;
  bool told_ = false;
  absl::Status failed_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_TOKEN_HEAD_TICKER_H_
