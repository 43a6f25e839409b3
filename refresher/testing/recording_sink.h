#ifndef CHANCERY_REFRESHER_TESTING_RECORDING_SINK_H_
#define CHANCERY_REFRESHER_TESTING_RECORDING_SINK_H_

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "refresher/update_sink.h"

namespace chancery::refresher::testing {

// Keeps what it is offered. Whoever looks from another thread holds `mu`.
class RecordingSink final : public UpdateSink {
 public:
  Acknowledged Offer(std::vector<block::Update> updates,
                     absl::Duration wait) override {
    base::MutexLock lock(mu);
    for (block::Update& update : updates) offered.push_back(std::move(update));
    last_wait = wait;
    return answer;
  }
  absl::StatusOr<Acknowledged> OfferWhile(
      const std::vector<block::Update>& updates, absl::Duration wait,
      absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store)
      override {
    {
      base::MutexLock lock(mu);
      early.insert(early.end(), updates.begin(), updates.end());
    }
    auto stored = store();
    if (!stored.ok()) return stored.status();
    return Offer(*std::move(stored), wait);
  }
  void CrlsChanged() override { ++crls_changed; }
  void HeadChanged() override { ++heads_changed; }

  // Versions of a block, in the order of their offers.
  std::vector<uint64_t> Versions(const std::string& block_id) const {
    std::vector<uint64_t> out;
    for (const block::Update& update : offered) {
      if (update.block_id == block_id) out.push_back(update.version);
    }
    return out;
  }

  base::Mutex mu;
  std::vector<block::Update> offered;
  std::vector<block::Update> early;  // What was not stored yet.
  absl::Duration last_wait = absl::InfiniteDuration();
  Acknowledged answer = {.responders = 1, .total = 2};
  int crls_changed = 0;
  int heads_changed = 0;
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_RECORDING_SINK_H_
