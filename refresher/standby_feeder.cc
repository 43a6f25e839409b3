#include "refresher/standby_feeder.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "refresher/ledger_copy.h"

namespace chancery::refresher {

absl::StatusOr<bool> StandbyFeeder::Step() {
  ASSIGN_OR_RETURN(const bool superseded, ShowPromoted());
  if (superseded) return false;
  ASSIGN_OR_RETURN(const storage::LedgerRootRow newest,
                   NewestRoot(inventory_, signer_));
  const auto head = inventory_.GetHead(signer_);
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  ASSIGN_OR_RETURN(
      SignerStanding standing,
      client_.Show(head.ok() ? head->head : "", newest.signed_root));
  Note(std::move(standing));
  const uint64_t has = standing_.ledger_size;
  if (standing_.active() || standing_.forked() || has >= newest.size) {
    return false;
  }
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
    if (!absl::IsInvalidArgument(fed.status())) return fed.status();
    RETURN_IF_ERROR(ShowFork(has, next));
    if (!standing_.forked()) return fed.status();
    return false;
  }
  Note(*std::move(fed));
  return standing_.ledger_size < newest.size;
}

absl::StatusOr<bool> StandbyFeeder::ShowPromoted() {
  if (promoted_ == nullptr) return false;
  if (standing_.epoch == 0) {
    ASSIGN_OR_RETURN(standing_, client_.Show("", ""));
  }
  const auto other = promoted_->LaterThan(standing_.epoch);
  if (!other.has_value()) return false;
  const bool was_active = standing_.active();
  ASSIGN_OR_RETURN(SignerStanding shown, client_.Show(other->head, ""));
  Note(std::move(shown));
  if (was_active || !said_superseded_) {
    log_.Error("signer_superseded", {{"signer", signer_},
                                     {"epoch", standing_.epoch},
                                     {"promoted", other->epoch}});
    said_superseded_ = true;
  }
  return true;
}

// It lacks some of what others hold, so that it is called behind; and has some
// that nobody else has. What was signed about its first entries tells, or else
// what follows on the last of these that it shares.
absl::Status StandbyFeeder::ShowFork(uint64_t has,
                                     const storage::LedgerRootRow& next) {
  ASSIGN_OR_RETURN(const storage::LedgerRootRow shared,
                   RootUpTo(inventory_, signer_, has));
  if (shared.size > 0) {
    ASSIGN_OR_RETURN(SignerStanding shown,
                     client_.Show("", shared.signed_root));
    Note(std::move(shown));
    if (standing_.forked()) return absl::OkStatus();
  }
  if (shared.size == has) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                   inventory_.ReadLedger(signer_, shared.size, next.size));
  ASSIGN_OR_RETURN(SignerStanding compared,
                   client_.AddEntries(shared.size, entries, next.signed_root));
  Note(std::move(compared));
  return absl::OkStatus();
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
