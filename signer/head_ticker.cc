#include "signer/head_ticker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chancery::signer {
namespace {

// Each holds one of the threads that answer calls.
constexpr int kMaxWaiting = 8;

std::chrono::steady_clock::time_point After(absl::Duration wait) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
}

}  // namespace

HeadTicker::HeadTicker(HeadSigner& heads, Options options)
    : heads_(heads),
      options_(std::move(options)),
      thread_([this] { Work(); }) {}

HeadTicker::~HeadTicker() {
  {
    base::MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void HeadTicker::Poke() {
  base::MutexLock lock(mu_);
  poked_ = true;
  changed_.NotifyAll();
}

std::shared_ptr<const NewestHead> HeadTicker::Wait(absl::Time after,
                                                   absl::Duration wait) {
  const auto deadline = After(wait);
  base::MutexLock lock(mu_);
  const bool may_wait = waiting_ < kMaxWaiting;
  ++waiting_;
  std::shared_ptr<const NewestHead> newest;
  while (true) {
    newest = heads_.Newest();
    if (newest != nullptr && newest->head.time > after) break;
    newest = nullptr;
    if (!may_wait || stopping_ || !changed_.WaitUntil(mu_, deadline)) break;
  }
  --waiting_;
  return newest;
}

void HeadTicker::Work() {
  auto due = std::chrono::steady_clock::now();
  auto allowed = due;
  base::MutexLock lock(mu_);
  while (!stopping_) {
    const auto now = std::chrono::steady_clock::now();
    const auto next = poked_ ? std::min(due, allowed) : due;
    if (now < std::max(next, allowed)) {
      changed_.WaitUntil(mu_, std::max(next, allowed));
      continue;
    }
    poked_ = false;
    mu_.Unlock();
    const absl::Status signed_head = heads_.Sign().status();
    if (!signed_head.ok()) options_.failed(signed_head);
    mu_.Lock();
    allowed = After(options_.spacing);
    due = After(signed_head.ok()
                    ? options_.interval
                    : std::min(options_.interval, 10 * options_.spacing));
    changed_.NotifyAll();
  }
}

}  // namespace chancery::signer
