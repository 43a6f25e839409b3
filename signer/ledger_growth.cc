#include "signer/ledger_growth.h"

#include <algorithm>
#include <utility>

namespace chancery::signer {
namespace {

using std::chrono::steady_clock;

// Within this, whoever comes with a nearer deadline is noticed.
constexpr std::chrono::seconds kLookAgain(1);

}  // namespace

LedgerGrowth::LedgerGrowth(const Ledger& ledger, size_t max_waiting)
    : ledger_(ledger), max_waiting_(max_waiting), thread_([this] { Work(); }) {}

LedgerGrowth::~LedgerGrowth() { Stop(); }

void LedgerGrowth::When(uint64_t size, absl::Duration wait,
                        std::function<void()> then) {
  if (ledger_.Head().size == size) {
    base::MutexLock lock(mu_);
    if (!stop_.stop_requested() && waiting_.size() < max_waiting_) {
      waiting_.push_back(
          {.size = size,
           .deadline = steady_clock::now() + absl::ToChronoNanoseconds(wait),
           .then = std::move(then)});
      changed_.NotifyAll();
      return;
    }
  }
  then();
}

void LedgerGrowth::Stop() {
  stop_.request_stop();
  {
    base::MutexLock lock(mu_);
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void LedgerGrowth::Work() {
  bool stopping = false;
  while (!stopping) {
    uint64_t size = 0;
    auto until = steady_clock::now() + kLookAgain;
    {
      base::MutexLock lock(mu_);
      while (waiting_.empty() && !stop_.stop_requested()) changed_.Wait(mu_);
      if (!waiting_.empty()) size = waiting_.front().size;
      for (const Waiting& one : waiting_) {
        size = std::min(size, one.size);
        until = std::min(until, one.deadline);
      }
    }
    const bool grown = ledger_.AwaitGrowth(size, until, stop_.get_token());
    stopping = stop_.stop_requested();
    const auto now = steady_clock::now();
    std::vector<Waiting> done;
    {
      base::MutexLock lock(mu_);
      const auto first_done = std::stable_partition(
          waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
            return !grown && !stopping && now < one.deadline;
          });
      std::move(first_done, waiting_.end(), std::back_inserter(done));
      waiting_.erase(first_done, waiting_.end());
    }
    for (Waiting& one : done) one.then();
  }
}

}  // namespace chancery::signer
