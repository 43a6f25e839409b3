#ifndef CHANCERY_REFRESHER_NO_SINK_H_
#define CHANCERY_REFRESHER_NO_SINK_H_

#include <vector>

#include "base/status_macros.h"
#include "refresher/update_sink.h"

namespace chancery::refresher {

// For who only stores: responders find what is new in the inventory.
class NoSink final : public UpdateSink {
 public:
  Acknowledged Offer(std::vector<block::Update>, absl::Duration) override {
    return {};
  }
  absl::StatusOr<Acknowledged> OfferWhile(
      const std::vector<block::Update>&, absl::Duration,
      absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store)
      override {
    RETURN_IF_ERROR(store().status());
    return Acknowledged();
  }
  void CrlsChanged() override {}
  void HeadChanged() override {}
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_NO_SINK_H_
