#include "crypto/breaker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace chancery::crypto {

Breaker::~Breaker() { Close(); }

absl::Status Breaker::AdmitOne() {
  const absl::Time now = clock_.Now();
  base::MutexLock lock(mu_);
  if (!IsOpen()) return absl::OkStatus();
  // A clock that was set back must not make the pause a long one.
  if (now >= asked_ + pause_ || now < asked_) {
    asked_ = now;
    pause_ = std::min(2 * pause_, options_.longest_pause);
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(
      "not tried, since it failed ", failures_.load(std::memory_order_relaxed),
      failures_.load(std::memory_order_relaxed) == 1 ? " time" : " times",
      " in a row; the next try is in ",
      absl::FormatDuration(asked_ + pause_ - now), "; last: ", why_.message()));
}

void Breaker::Failed(const absl::Status& why) {
  const absl::Time now = clock_.Now();
  base::MutexLock lock(mu_);
  why_ = why;
  const bool was_open = IsOpen();
  failures_.fetch_add(1, std::memory_order_relaxed);
  if (was_open || !IsOpen()) return;
  asked_ = now;
  pause_ = options_.first_pause;
  if (options_.open != nullptr) options_.open->fetch_add(1);
}

void Breaker::Close() {
  base::MutexLock lock(mu_);
  if (IsOpen() && options_.open != nullptr) options_.open->fetch_sub(1);
  failures_.store(0, std::memory_order_relaxed);
}

}  // namespace chancery::crypto
