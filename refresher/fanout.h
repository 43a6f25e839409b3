#ifndef CHANCERY_REFRESHER_FANOUT_H_
#define CHANCERY_REFRESHER_FANOUT_H_

#include <vector>

#include "refresher/responder_set.h"
#include "refresher/update_sink.h"

namespace chancery::refresher {

// To all responders side by side. One that does not answer in time has missed
// something: it is not waited for again until it has converged. Thread-safe.
class Fanout final : public UpdateSink {
 public:
  // Who is there at the time of a call. The set must outlive this object.
  explicit Fanout(const ResponderSet& responders) : responders_(responders) {}

  Acknowledged Offer(std::vector<block::Update> updates,
                     absl::Duration wait) override;
  absl::StatusOr<Acknowledged> OfferWhile(
      const std::vector<block::Update>& updates, absl::Duration wait,
      absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store)
      override;
  void CrlsChanged() override { ConvergeSoon(); }
  void HeadChanged() override;

  void ConvergeSoon();

  std::vector<ResponderState> States() const;

 private:
  // Until they have answered. Who has not after `left`, and had `wait`, is late
  // if that was long enough.
  static Offering::Outcome Await(Offering& offering, absl::Duration left,
                                 absl::Duration wait);

  const ResponderSet& responders_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FANOUT_H_
