#include "authority/issue_groups.h"

#include <algorithm>
#include <iterator>

namespace chancery::authority {
namespace {

using std::chrono::steady_clock;

// While one answers a group the other one carries out the next.
constexpr int kThreads = 2;

// As long as this, at most, a group waits to be as large as the last one.
constexpr std::chrono::milliseconds kMaxGather(25);

}  // namespace

IssueGroups::IssueGroups(Carry carry, Options options)
    : carry_(std::move(carry)), options_(options) {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

IssueGroups::~IssueGroups() {
  {
    base::MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  gathered_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void IssueGroups::Add(IssueCall call) {
  {
    base::MutexLock lock(mu_);
    if (!stopping_ && waiting_.size() < options_.max_waiting) {
      waiting_.push_back(std::move(call));
      // Whoever carries out a group looks again when it is done.
      if (!carrying_) changed_.NotifyOne();
      if (waiting_.size() >= expected_) gathered_.NotifyOne();
      return;
    }
  }
  call.answer(
      absl::ResourceExhaustedError("too many calls are waiting: try later"));
}

void IssueGroups::Gather() {
  const auto until = steady_clock::now() + patience_;
  while (!stopping_ && waiting_.size() < expected_ &&
         gathered_.WaitUntil(mu_, until)) {
  }
}

void IssueGroups::Work() {
  base::MutexLock lock(mu_);
  while (true) {
    while (carrying_ || (waiting_.empty() && !stopping_)) changed_.Wait(mu_);
    if (waiting_.empty()) return;
    carrying_ = true;
    Gather();
    const size_t size = std::min(waiting_.size(), options_.max_calls);
    const auto end = waiting_.begin() + static_cast<ptrdiff_t>(size);
    std::vector<IssueCall> group(std::make_move_iterator(waiting_.begin()),
                                 std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    mu_.Unlock();
    const auto begun = steady_clock::now();
    std::vector<absl::StatusOr<Issued>> answers = carry_(group);
    const auto took = steady_clock::now() - begun;
    mu_.Lock();
    patience_ = std::min<steady_clock::duration>(took, kMaxGather);
    expected_ = std::min(group.size() + waiting_.size(), options_.max_calls);
    carrying_ = false;
    mu_.Unlock();
    changed_.NotifyAll();
    for (size_t i = 0; i < group.size(); ++i) {
      group[i].answer(std::move(answers[i]));
    }
    group.clear();
    mu_.Lock();
  }
}

}  // namespace chancery::authority
