#include "refresher/block_fetch.h"

#include <utility>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "refresher/transient.h"

namespace chancery::refresher {

absl::StatusOr<bool> FetchAndOffer(BlockKeeper& keeper, UpdateSink& sink,
                                   const rpc::Log& log,
                                   const std::string& block_id, uint64_t have) {
  absl::StatusOr<Updates> updates = keeper.Fetch(block_id, have);
  if (updates.ok()) {
    if (!updates->empty()) {
      sink.Offer(*std::move(updates), absl::ZeroDuration());
    }
    return true;
  }
  if (IsTransient(updates.status())) return updates.status();
  log.Error("block_not_fetched", {{"block", base::Hex(base::AsBytes(block_id))},
                                  {"why", updates.status()}});
  return false;
}

}  // namespace chancery::refresher
