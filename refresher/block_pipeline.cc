#include "refresher/block_pipeline.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace chancery::refresher {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

Deadline After(absl::Duration wait) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
}

class Pipeline {
 public:
  Pipeline(BlockStages& stages, const PipelineOptions& options)
      : stages_(stages),
        options_(options),
        renew_at_(After(options.renew_every)) {}

  Carried CarryOneByOne() {
    TakeMore(options_.max_blocks);
    std::string block_id;
    while (Next(block_id)) CarryOne(block_id);
    Act(NextTurn());
    base::MutexLock lock(mu_);
    return carried_;
  }

  Carried Carry() {
    TakeMore(Room());
    std::vector<std::thread> carriers;
    if (HasWork()) {
      for (size_t i = 0; i < options_.jobs + kBeyondSigning; ++i) {
        carriers.emplace_back([this] { Work(); });
      }
    }
    for (bool over = false; !over;) {
      const Turn turn = NextTurn();
      Act(turn);
      over = turn.over;
    }
    {
      base::MutexLock lock(mu_);
      closed_ = true;
    }
    changed_.NotifyAll();
    for (std::thread& carrier : carriers) carrier.join();
    base::MutexLock lock(mu_);
    return carried_;
  }

 private:
  // What the caller's thread is to do.
  struct Turn {
    size_t room = 0;
    size_t done = 0;
    std::vector<std::string> given_up = {};
    std::vector<std::string> to_renew = {};
    bool over = false;  // Nothing is in hand, and nothing more will be taken.
  };

  Turn NextTurn() {
    base::MutexLock lock(mu_);
    while (!HasTurn() && changed_.WaitUntil(mu_, renew_at_)) {
    }
    Turn turn;
    if (Ending()) {
      turn.given_up.assign(waiting_.begin(), waiting_.end());
      waiting_.clear();
      for (const std::string& block_id : turn.given_up) {
        in_hand_.erase(block_id);
      }
    }
    turn.room = RoomNow();
    turn.done = carried_.done;
    turn.over = turn.room == 0 && in_hand_.empty();
    if (std::chrono::steady_clock::now() >= renew_at_) {
      turn.to_renew.assign(in_hand_.begin(), in_hand_.end());
    }
    return turn;
  }

  void Act(const Turn& turn) {
    for (const std::string& block_id : turn.given_up) {
      stages_.GiveBack(block_id);
    }
    if (!turn.to_renew.empty()) stages_.Renew(turn.to_renew);
    if (std::chrono::steady_clock::now() >= renew_at_) {
      renew_at_ = After(options_.renew_every);
    }
    if (turn.done != reported_ && options_.report) options_.report(turn.done);
    reported_ = turn.done;
    TakeMore(turn.room);
  }

  void TakeMore(size_t room) {
    if (room == 0) return;
    absl::StatusOr<std::vector<std::string>> more = stages_.Take(room);
    base::MutexLock lock(mu_);
    if (!more.ok() || more->empty()) exhausted_ = true;
    if (!more.ok()) {
      carried_.status.Update(more.status());
      return;
    }
    taken_ += more->size();
    for (std::string& block_id : *more) {
      in_hand_.insert(block_id);
      waiting_.push_back(std::move(block_id));
    }
    changed_.NotifyAll();
  }

  // A carrier's thread.
  void Work() {
    std::string block_id;
    while (NextToSign(block_id)) CarryOne(block_id);
  }

  void CarryOne(const std::string& block_id) {
    absl::StatusOr<std::optional<SignedUpdates>> made = stages_.Sign(block_id);
    LeaveSigner();
    if (!made.ok()) return Fail(block_id, made.status());
    if (!made->has_value()) return End(block_id, false);
    const absl::StatusOr<bool> stored =
        stages_.Store(block_id, **std::move(made));
    if (!stored.ok()) return Fail(block_id, stored.status());
    End(block_id, *stored);
  }

  bool Next(std::string& block_id) {
    base::MutexLock lock(mu_);
    if (waiting_.empty() || Ending()) return false;
    TakeNext(block_id);
    return true;
  }

  bool NextToSign(std::string& block_id) {
    base::MutexLock lock(mu_);
    while (!closed_ &&
           (waiting_.empty() || at_signer_ >= options_.jobs || Ending())) {
      changed_.Wait(mu_);
    }
    if (closed_) return false;
    TakeNext(block_id);
    return true;
  }

  void TakeNext(std::string& block_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    block_id = std::move(waiting_.front());
    waiting_.pop_front();
    ++at_signer_;
    changed_.NotifyAll();  // There is room for another.
  }

  void LeaveSigner() {
    base::MutexLock lock(mu_);
    --at_signer_;
    changed_.NotifyAll();
  }

  void End(const std::string& block_id, bool done) {
    base::MutexLock lock(mu_);
    if (done) ++carried_.done;
    failures_in_a_row_ = 0;
    in_hand_.erase(block_id);
    changed_.NotifyAll();
  }

  void Fail(const std::string& block_id, const absl::Status& status) {
    {
      base::MutexLock lock(mu_);
      // Not a copy, which would be shared with this thread's.
      carried_.status.Update(absl::Status(status.code(), status.message()));
      if (++failures_in_a_row_ >= options_.give_up_after) gave_up_ = true;
    }
    stages_.GiveBack(block_id);
    base::MutexLock lock(mu_);
    in_hand_.erase(block_id);
    changed_.NotifyAll();
  }

  bool HasWork() {
    base::MutexLock lock(mu_);
    return !in_hand_.empty();
  }

  // Whether no other block is to be begun.
  bool Ending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return gave_up_ || options_.stop.stop_requested();
  }

  bool HasTurn() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return RoomNow() > 0 || in_hand_.empty() || carried_.done != reported_ ||
           (Ending() && !waiting_.empty());
  }

  size_t Room() {
    base::MutexLock lock(mu_);
    return RoomNow();
  }

  size_t RoomNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (exhausted_ || Ending() || taken_ >= options_.max_blocks ||
        waiting_.size() >= options_.jobs) {
      return 0;
    }
    return std::min(2 * options_.jobs - waiting_.size(),
                    options_.max_blocks - taken_);
  }

  BlockStages& stages_;
  const PipelineOptions& options_;
  // Of the caller's thread.
  Deadline renew_at_;
  size_t reported_ = 0;

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<std::string> waiting_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> in_hand_ ABSL_GUARDED_BY(mu_);  // Those included.
  size_t taken_ ABSL_GUARDED_BY(mu_) = 0;
  size_t at_signer_ ABSL_GUARDED_BY(mu_) = 0;
  int failures_in_a_row_ ABSL_GUARDED_BY(mu_) = 0;
  bool gave_up_ ABSL_GUARDED_BY(mu_) = false;
  bool exhausted_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  Carried carried_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

Carried CarryBlocks(BlockStages& stages, const PipelineOptions& options) {
  Pipeline pipeline(stages, options);
  return options.jobs == 0 ? pipeline.CarryOneByOne() : pipeline.Carry();
}

}  // namespace chancery::refresher
