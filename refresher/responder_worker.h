// The thread that looks after one responder.
#ifndef CHANCERY_REFRESHER_RESPONDER_WORKER_H_
#define CHANCERY_REFRESHER_RESPONDER_WORKER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/update.h"
#include "refresher/replicator.h"
#include "rpc/log.h"

namespace chancery::refresher {

class ResponderWorker;

// Updates on their way to several responders, and who has taken them.
// Thread-safe.
class Offering {
 public:
  // What is urgent, because somebody waits for it, overtakes what is not. What
  // is early is not in the inventory yet: who refuses it has missed nothing.
  explicit Offering(std::vector<block::Update> updates, bool urgent = false,
                    bool early = false)
      : updates_(std::move(updates)), urgent_(urgent), early_(early) {}

  const std::vector<block::Update>& updates() const { return updates_; }
  bool urgent() const { return urgent_; }
  bool early() const { return early_; }
  // The answer of `worker` will come.
  void Expect(ResponderWorker* worker);
  void Answer(ResponderWorker* worker, bool taken);

  struct Outcome {
    std::set<ResponderWorker*> taken = {};
    std::set<ResponderWorker*> late = {};  // Have not answered.
  };
  // Until all have answered, or `wait` has passed.
  Outcome Wait(absl::Duration wait);

 private:
  const std::vector<block::Update> updates_;
  const bool urgent_;
  const bool early_;
  base::Mutex mu_;
  base::CondVar changed_;
  Outcome outcome_ ABSL_GUARDED_BY(mu_);
};

// Pushes what it is offered, as much as fits one call, and converges now and
// then, so that a slow responder holds up nobody. What does not fit its queue
// is left to the next convergence, which brings it from the inventory; what is
// in the queue and came with a convergence already is not sent again. What is
// urgent goes out between the parts of a CRL, too. So a
// responder that is slower than a refresh of all blocks falls behind by a queue
// and then takes each block once, in its own time. Thread-safe.
class ResponderWorker {
 public:
  struct Options {
    absl::Duration converge_interval = absl::Seconds(5);
    // After one that failed; doubled up to the interval.
    absl::Duration first_retry = absl::Milliseconds(100);
    // Shared with the other workers: each holds the same updates. What is
    // urgent may take so much again.
    size_t max_queued_bytes = 32 << 20;
    size_t batch_bytes = 4 << 20;  // In one push, or one update.
  };

  // Both must outlive this object.
  ResponderWorker(Replicator& replicator, const rpc::Log& log, Options options);
  // Returns when the call that is under way has ended.
  ~ResponderWorker();
  ResponderWorker(const ResponderWorker&) = delete;
  ResponderWorker& operator=(const ResponderWorker&) = delete;

  // Queues it. True if the responder is caught up: its answer will come soon.
  bool Offer(const std::shared_ptr<Offering>& offering);
  void ConvergeSoon();
  // There is a new head.
  void PushHeadSoon();
  // Its end is near: what waits is still pushed, and no more.
  void RequestStop();
  // It took too long: it is not waited for until it has converged.
  void MarkLate() { replicator_.MarkMissed(); }

  ResponderState state() const { return replicator_.state(); }
  uint64_t pushed() const { return pushed_; }
  uint64_t failed_pushes() const { return failed_; }
  uint64_t convergences() const { return convergences_; }

 private:
  struct Waiting {
    std::shared_ptr<Offering> offering;
    size_t bytes = 0;
    bool expected = false;  // Somebody waits for the answer.
  };
  void Work();
  void Push(const std::vector<Waiting>& waiting);
  void PushUrgent();
  bool Answers() const;
  bool Converge();  // Whether it is caught up now.

  Replicator& replicator_;
  const rpc::Log& log_;
  const Options options_;
  std::atomic<uint64_t> pushed_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::atomic<uint64_t> convergences_ = 0;
  std::optional<bool> was_caught_up_;  // For the log.
  base::Mutex mu_;
  base::CondVar changed_;
  bool QueueIsEmpty() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return queue_.empty() && urgent_.empty();
  }
  // What is pushed next, with what is not urgent if `all`: all of it early, or
  // none.
  std::vector<Waiting> TakeBatch(bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mu_);
  std::deque<Waiting> urgent_ ABSL_GUARDED_BY(mu_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool converge_now_ ABSL_GUARDED_BY(mu_) = true;
  bool head_now_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // Last: it uses all others.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESPONDER_WORKER_H_
