#ifndef CHANCERY_REFRESHER_STANDBY_FEEDER_H_
#define CHANCERY_REFRESHER_STANDBY_FEEDER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "refresher/catch_up_client.h"
#include "refresher/promoted.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Shows a signer what others hold of its ledger, and gives it back what it
// lacks (TRUST 3): to the signer itself after each start, in case that it was
// restored from a backup; and to those that stand by. One caller at a time.
class StandbyFeeder {
 public:
  // `signer` names the ledger in the inventory. All must outlive this object.
  StandbyFeeder(CatchUpClient& client, storage::Inventory& inventory,
                const rpc::Log& log, std::string signer)
      : client_(client),
        inventory_(inventory),
        log_(log),
        signer_(std::move(signer)) {}

  // Of the signer, not of a standby: none that `promoted` knows, which must
  // outlive this object, is to sign beside it.
  void Heed(const Promoted& promoted) { promoted_ = &promoted; }

  // Shows the newest, or brings one page of entries. True: there is more to
  // bring; false also for one that is forked. Unavailable: the signer or the
  // inventory. InvalidArgument: it was brought entries that do not follow on
  // its own, and is not known to be forked. FailedPrecondition: what it lacks
  // was dropped from the inventory.
  absl::StatusOr<bool> Step();

  // As of the last Step that was answered.
  const SignerStanding& standing() const { return standing_; }

 private:
  // Of one that has `has` entries, on which those up to `next` do not follow:
  // shows what the inventory has in their place. Errors as of the calls.
  absl::Status ShowFork(uint64_t has, const storage::LedgerRootRow& next);
  void Note(SignerStanding standing);

  // Shows it the head of a standby that was promoted, and nothing else, so that
  // it does not begin. True if there is one.
  absl::StatusOr<bool> ShowPromoted();

  const Promoted* promoted_ = nullptr;
  bool said_superseded_ = false;
  CatchUpClient& client_;
  storage::Inventory& inventory_;
  const rpc::Log& log_;
  const std::string signer_;
  SignerStanding standing_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_STANDBY_FEEDER_H_
