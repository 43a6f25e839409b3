#ifndef CHANCERY_REFRESHER_RESPONDER_SET_H_
#define CHANCERY_REFRESHER_RESPONDER_SET_H_

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "refresher/responder_worker.h"

namespace chancery::refresher {

// The responders that there are now. A reader takes all of them as they are at
// one moment, and each lives for as long as a reader holds it. Thread-safe.
class ResponderSet {
 public:
  using Workers = std::vector<std::shared_ptr<ResponderWorker>>;

  ResponderSet() : workers_(std::make_shared<const Workers>()) {}

  std::shared_ptr<const Workers> Get() const;

  void Add(std::shared_ptr<ResponderWorker> worker);
  void Remove(const ResponderWorker* worker);

  // Asks all to end, so that they do so side by side, and lets go of them.
  void StopAll();

 private:
  mutable base::Mutex mu_;
  std::shared_ptr<const Workers> workers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESPONDER_SET_H_
