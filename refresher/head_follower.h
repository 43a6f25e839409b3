#ifndef CHANCERY_REFRESHER_HEAD_FOLLOWER_H_
#define CHANCERY_REFRESHER_HEAD_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Brings the signer's heads into the inventory, and has them handed on: without
// them responders do not know how current they are. One caller at a time, but
// for newest().
class HeadFollower {
 public:
  // `signer_name` names the signer in the inventory. All must outlive this
  // object.
  HeadFollower(SignerClient& signer, storage::HeadStore& heads,
               UpdateSink& sink, std::string signer_name)
      : signer_(signer),
        heads_(heads),
        sink_(sink),
        signer_name_(std::move(signer_name)) {}

  // Waits up to `wait` for a head that is newer than the last one. False: none
  // came. Unavailable: signer or inventory. DataLoss: it is not a head.
  absl::StatusOr<bool> Step(absl::Duration wait);

  // The time of the newest that was stored since the start; before the first,
  // InfinitePast.
  absl::Time newest() const {
    const int64_t micros = newest_micros_;
    return micros == 0 ? absl::InfinitePast() : absl::FromUnixMicros(micros);
  }

 private:
  SignerClient& signer_;
  storage::HeadStore& heads_;
  UpdateSink& sink_;
  const std::string signer_name_;
  std::atomic<int64_t> newest_micros_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_HEAD_FOLLOWER_H_
