#ifndef CHANCERY_REFRESHER_BLOCK_FETCH_H_
#define CHANCERY_REFRESHER_BLOCK_FETCH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "refresher/block_keeper.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"

namespace chancery::refresher {

// Brings a block of which the inventory holds version `have` (0: none) to the
// signer's version, and hands what was new to the responders. False, and a line
// in the log, if it cannot be had though signer and inventory answer: one block
// must not hold up all others. The error is transient: signer or inventory.
absl::StatusOr<bool> FetchAndOffer(BlockKeeper& keeper, UpdateSink& sink,
                                   const rpc::Log& log,
                                   const std::string& block_id, uint64_t have);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_BLOCK_FETCH_H_
