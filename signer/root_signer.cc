#include "signer/root_signer.h"

#include "absl/time/time.h"
#include "base/status_macros.h"
#include "block/head.h"

namespace chancery::signer {

absl::StatusOr<std::string> RootSigner::Sign(uint64_t size) {
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  base::MutexLock lock(mu_);
  if (size == last_size_ && !last_.empty()) return last_;
  block::Head facts{
      .time = absl::FromUnixMicros(absl::ToUnixMicros(view->time())),
      .ledger_size = size};
  ASSIGN_OR_RETURN(facts.ledger_root, ledger_.RootAt(size));
  ASSIGN_OR_RETURN(facts.epoch, view->state().Epoch());
  ASSIGN_OR_RETURN(last_, block::SignLedgerRoot(facts, manifest_key_));
  last_size_ = size;
  return last_;
}

}  // namespace chancery::signer
