#ifndef CHANCERY_REFRESHER_HEAD_FOLLOWER_H_
#define CHANCERY_REFRESHER_HEAD_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/head.h"
#include "crypto/digest.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Brings the signer's heads into the inventory, and has them handed on: without
// them responders do not know how current they are.
//
// A head is kept back until the inventory has the entries that it is about, and
// dropped if these give another root. So whatever others hold of a signer can
// be given back to it, and a signer that has gone its own way since an old
// backup makes no heads for anybody. One caller at a time, but for newest()
// and key_changes().
class HeadFollower {
 public:
  // `signer_name` names the signer in the inventory. All must outlive this
  // object.
  HeadFollower(SignerClient& signer, storage::Inventory& inventory,
               UpdateSink& sink, std::string signer_name)
      : signer_(signer),
        inventory_(inventory),
        sink_(sink),
        signer_name_(std::move(signer_name)) {}

  // Waits up to `wait` for a head that is newer than the last one, and so long
  // again for its entries. False: none came, or they did not; the next call
  // goes on waiting. Unavailable: signer or inventory. DataLoss: it is not a
  // head, or "ledger forked".
  absl::StatusOr<bool> Step(absl::Duration wait);

  // How often another key than before signed a head, the first included.
  uint64_t key_changes() const { return key_changes_; }
  // Whether a head waits for entries.
  bool waits() const { return waiting_.has_value(); }
  // The time of the newest that was stored since the start; before the first,
  // InfinitePast.
  absl::Time newest() const {
    const int64_t micros = newest_micros_;
    return micros == 0 ? absl::InfinitePast() : absl::FromUnixMicros(micros);
  }

 private:
  struct Waiting {
    block::SignedHead bytes;
    block::Head head;
  };

  absl::StatusOr<bool> IsCovered(const block::Head& head,
                                 absl::Duration wait) const;

  SignerClient& signer_;
  storage::Inventory& inventory_;
  UpdateSink& sink_;
  const std::string signer_name_;
  std::optional<Waiting> waiting_;
  absl::Time last_seen_ = absl::InfinitePast();
  crypto::Sha256Digest key_id_{};  // Of who signed the newest.
  std::atomic<uint64_t> key_changes_ = 0;
  std::atomic<int64_t> newest_micros_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_HEAD_FOLLOWER_H_
