#include "refresher/responder_worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chancery::refresher {
namespace {

std::chrono::steady_clock::time_point After(absl::Duration wait) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
}

size_t BytesOf(const Offering& offering) {
  size_t bytes = 0;
  for (const block::Update& update : offering.updates()) {
    bytes += update.content.size();
  }
  return bytes;
}

}  // namespace

void Offering::Expect(ResponderWorker* worker) {
  base::MutexLock lock(mu_);
  outcome_.late.insert(worker);
}

void Offering::Answer(ResponderWorker* worker, bool taken) {
  base::MutexLock lock(mu_);
  outcome_.late.erase(worker);
  if (taken) outcome_.taken.insert(worker);
  changed_.NotifyAll();
}

Offering::Outcome Offering::Wait(absl::Duration wait) {
  const auto deadline = After(wait);
  base::MutexLock lock(mu_);
  while (!outcome_.late.empty() && changed_.WaitUntil(mu_, deadline)) {
  }
  return outcome_;
}

ResponderWorker::ResponderWorker(Replicator& replicator, const rpc::Log& log,
                                 Options options)
    : replicator_(replicator),
      log_(log),
      options_(options),
      thread_([this] { Work(); }) {}

ResponderWorker::~ResponderWorker() {
  RequestStop();
  thread_.join();
}

void ResponderWorker::RequestStop() {
  base::MutexLock lock(mu_);
  stopping_ = true;
  changed_.NotifyAll();
}

bool ResponderWorker::Offer(const std::shared_ptr<Offering>& offering) {
  const bool caught_up = replicator_.state().caught_up;
  const size_t bytes = BytesOf(*offering);
  base::MutexLock lock(mu_);
  const size_t most = options_.max_queued_bytes * (offering->urgent() ? 2 : 1);
  if (stopping_ || queued_bytes_ + bytes > most) {
    replicator_.MarkMissed();
    return false;
  }
  if (caught_up) offering->Expect(this);
  queued_bytes_ += bytes;
  (offering->urgent() ? urgent_ : queue_)
      .push_back({.offering = offering, .bytes = bytes, .expected = caught_up});
  changed_.NotifyAll();
  return caught_up;
}

void ResponderWorker::ConvergeSoon() {
  base::MutexLock lock(mu_);
  converge_now_ = true;
  changed_.NotifyAll();
}

void ResponderWorker::PushHeadSoon() {
  base::MutexLock lock(mu_);
  head_now_ = true;
  changed_.NotifyAll();
}

void ResponderWorker::Work() {
  auto next_converge = std::chrono::steady_clock::now();
  absl::Duration retry = options_.first_retry;
  while (true) {
    std::vector<Waiting> waiting;
    bool converge = false;
    bool head = false;
    {
      base::MutexLock lock(mu_);
      while (!stopping_ && QueueIsEmpty() && !converge_now_ && !head_now_ &&
             changed_.WaitUntil(mu_, next_converge)) {
      }
      if (stopping_ && QueueIsEmpty()) return;
      waiting = TakeBatch(/*all=*/true);
      converge =
          !stopping_ &&
          (converge_now_ || std::chrono::steady_clock::now() >= next_converge);
      if (converge) converge_now_ = false;
      head = std::exchange(head_now_, false) && !stopping_;
    }
    if (!waiting.empty()) Push(waiting);
    if (converge) {
      if (Converge()) {
        next_converge = After(options_.converge_interval);
        retry = options_.first_retry;
      } else {
        next_converge = After(retry);
        retry = std::min(retry * 2, options_.converge_interval);
      }
    } else if (head && Answers()) {
      // One that is lost comes with the next convergence.
      replicator_.PushHead().IgnoreError();
    }
  }
}

std::vector<ResponderWorker::Waiting> ResponderWorker::TakeBatch(bool all) {
  std::vector<Waiting> batch;
  size_t bytes = 0;
  while (all ? !QueueIsEmpty() : !urgent_.empty()) {
    std::deque<Waiting>& from = urgent_.empty() ? queue_ : urgent_;
    bytes += from.front().bytes;
    if (!batch.empty() &&
        (bytes > options_.batch_bytes ||
         from.front().offering->early() != batch[0].offering->early())) {
      break;
    }
    queued_bytes_ -= from.front().bytes;
    batch.push_back(std::move(from.front()));
    from.pop_front();
  }
  return batch;
}

// One that does not answer is not asked again for each update.
bool ResponderWorker::Answers() const {
  const ResponderState state = replicator_.state();
  return state.reachable || state.detail.empty();
}

void ResponderWorker::Push(const std::vector<Waiting>& waiting) {
  std::vector<block::Update> updates;
  for (const Waiting& one : waiting) {
    const auto& more = one.offering->updates();
    updates.insert(updates.end(), more.begin(), more.end());
  }
  absl::StatusOr<std::vector<bool>> accepted =
      absl::UnavailableError("not reachable");
  if (Answers()) {
    accepted = waiting[0].offering->early() ? replicator_.PushEarly(updates)
                                            : replicator_.Push(updates);
  } else {
    replicator_.MarkMissed();
  }
  if (accepted.ok()) {
    pushed_ += updates.size();
  } else {
    failed_ += updates.size();
  }
  size_t at = 0;
  for (const Waiting& one : waiting) {
    bool taken = accepted.ok();
    for (size_t i = 0; i < one.offering->updates().size(); ++i, ++at) {
      taken = taken && (*accepted)[at];
    }
    if (one.expected) one.offering->Answer(this, taken);
  }
}

void ResponderWorker::PushUrgent() {
  std::vector<Waiting> waiting;
  {
    base::MutexLock lock(mu_);
    waiting = TakeBatch(/*all=*/false);
  }
  if (!waiting.empty()) Push(waiting);
}

bool ResponderWorker::Converge() {
  const absl::Status status = replicator_.Converge([this] { PushUrgent(); });
  ++convergences_;
  const ResponderState state = replicator_.state();
  if (state.caught_up != was_caught_up_) {
    if (status.ok()) {
      log_.Info("responder_caught_up",
                {{"responder", state.name}, {"blocks", state.blocks}});
    } else {
      log_.Warning("responder_behind",
                   {{"responder", state.name}, {"why", status}});
    }
    was_caught_up_ = state.caught_up;
  }
  // It missed something meanwhile.
  if (status.ok() && !state.caught_up) ConvergeSoon();
  return status.ok();
}

}  // namespace chancery::refresher
