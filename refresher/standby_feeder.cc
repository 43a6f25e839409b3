#include "refresher/standby_feeder.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "refresher/ledger_copy.h"

namespace chancery::refresher {

absl::StatusOr<bool> StandbyFeeder::Step() {
  ASSIGN_OR_RETURN(const storage::LedgerRootRow newest,
                   NewestRoot(inventory_, signer_));
  const auto head = inventory_.GetHead(signer_);
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  ASSIGN_OR_RETURN(
      SignerStanding standing,
      client_.Show(head.ok() ? head->head : "", newest.signed_root));
  Note(std::move(standing));
  const uint64_t has = standing_.ledger_size;
  if (standing_.active() || has >= newest.size) return false;
  ASSIGN_OR_RETURN(const uint64_t first, inventory_.FirstEntry(signer_));
  if (has < first) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the inventory has the ledger of ", signer_, " from entry ", first,
        " on, and this signer has ", has,
        ": give it a newer copy of ledger_dir (docs/backup-and-standby.md)"));
  }
  ASSIGN_OR_RETURN(const storage::LedgerRootRow next,
                   inventory_.LedgerRootAfter(signer_, has));
  ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                   inventory_.ReadLedger(signer_, has, next.size));
  auto fed = client_.AddEntries(has, entries, next.signed_root);
  if (!fed.ok()) {
    log_.Error("entries_refused", {{"from", has}, {"why", fed.status()}});
    return fed.status();
  }
  Note(*std::move(fed));
  return standing_.ledger_size < newest.size;
}

void StandbyFeeder::Note(SignerStanding standing) {
  if (standing.state != standing_.state) {
    if (standing.active()) {
      log_.Info("signer_active",
                {{"epoch", standing.epoch}, {"entries", standing.ledger_size}});
    } else {
      log_.Error("signer_may_not_sign",
                 {{"state", standing.state}, {"why", standing.why}});
    }
  }
  standing_ = std::move(standing);
}

}  // namespace chancery::refresher
