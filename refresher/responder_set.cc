#include "refresher/responder_set.h"

#include <utility>

namespace chancery::refresher {

std::shared_ptr<const ResponderSet::Workers> ResponderSet::Get() const {
  base::MutexLock lock(mu_);
  return workers_;
}

void ResponderSet::Add(std::shared_ptr<ResponderWorker> worker) {
  base::MutexLock lock(mu_);
  Workers next = *workers_;
  next.push_back(std::move(worker));
  workers_ = std::make_shared<const Workers>(std::move(next));
}

void ResponderSet::Remove(const ResponderWorker* worker) {
  // Freed after the lock: a worker's end waits for its thread.
  std::shared_ptr<const Workers> before;
  base::MutexLock lock(mu_);
  Workers next = *workers_;
  std::erase_if(next, [&](const auto& one) { return one.get() == worker; });
  before =
      std::exchange(workers_, std::make_shared<const Workers>(std::move(next)));
}

void ResponderSet::StopAll() {
  std::shared_ptr<const Workers> before;
  {
    base::MutexLock lock(mu_);
    before = std::exchange(workers_, std::make_shared<const Workers>());
  }
  for (const auto& worker : *before) worker->RequestStop();
}

}  // namespace chancery::refresher
