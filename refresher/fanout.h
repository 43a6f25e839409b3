#ifndef CHANCERY_REFRESHER_FANOUT_H_
#define CHANCERY_REFRESHER_FANOUT_H_

#include <vector>

#include "refresher/responder_worker.h"
#include "refresher/update_sink.h"

namespace chancery::refresher {

// To all responders side by side. One that does not answer in time has missed
// something: it is not waited for again until it has converged. Thread-safe.
class Fanout final : public UpdateSink {
 public:
  // The workers must outlive this object.
  explicit Fanout(std::vector<ResponderWorker*> workers)
      : workers_(std::move(workers)) {}

  Acknowledged Offer(std::vector<block::Update> updates,
                     absl::Duration wait) override;
  void CrlsChanged() override;

  std::vector<ResponderState> States() const;

 private:
  const std::vector<ResponderWorker*> workers_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FANOUT_H_
