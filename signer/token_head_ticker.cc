#include "signer/token_head_ticker.h"

#include <utility>

#include "base/status_macros.h"
#include "signer/config.h"

namespace chancery::signer {

absl::StatusOr<std::unique_ptr<TokenHead>> OpenTokenHead(
    const config::Signer& config, TokenHead::Options options,
    crypto::KeyOpener& opener, Standing& standing, rpc::Process& process) {
  if (!config.head_in_token()) return nullptr;
  options.ignored = [&process](const absl::Status& why) {
    process.log().Error("head_in_token_ignored", {{"why", why}});
  };
  ASSIGN_OR_RETURN(auto opened,
                   TokenHead::Open(ToKeySource(config.manifest_key()), opener,
                                   standing, std::move(options)));
  const auto shown = opened->Show();
  if (absl::IsUnavailable(shown.status())) return shown.status();
  if (!shown.ok()) {
    process.log().Error("head_in_token_not_read", {{"why", shown.status()}});
  } else if (shown->has_value()) {
    process.log().Info("head_in_token", {{"time", (*shown)->time},
                                         {"entries", (*shown)->ledger_size},
                                         {"epoch", (*shown)->epoch}});
  }
  return opened;
}

void TokenHeadTicker::Tick(const NewestHead* newest) {
  if (head_ == nullptr || newest == nullptr) return;
  const auto kept = head_->Keep(*newest, process_.clock().Now());
  if (!kept.ok()) {
    if (kept.status() != failed_) {
      process_.log().Error("head_not_kept_in_token", {{"why", kept.status()}});
    }
    failed_ = kept.status();
  } else if (*kept && (!told_ || !failed_.ok())) {
    told_ = true;
    failed_ = absl::OkStatus();
    process_.log().Info("head_kept_in_token");
  }
}

}  // namespace chancery::signer
