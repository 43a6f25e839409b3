#include "refresher/promoted.h"

#include <algorithm>

namespace chancery::refresher {

Promoted::Promoted(size_t standbys, absl::Duration patience)
    : patience_ends_(std::chrono::steady_clock::now() +
                     absl::ToChronoNanoseconds(patience)),
      standings_(standbys) {}

void Promoted::Tell(size_t standby, const SignerStanding& standing) {
  if (standing.epoch == 0) return;
  base::MutexLock lock(mu_);
  standings_[standby] = standing;
  told_.NotifyAll();
}

std::optional<SignerStanding> Promoted::LaterThan(uint64_t epoch) const {
  base::MutexLock lock(mu_);
  const auto told = [](const auto& standing) { return standing.has_value(); };
  while (!std::all_of(standings_.begin(), standings_.end(), told) &&
         told_.WaitUntil(mu_, patience_ends_)) {
  }
  std::optional<SignerStanding> latest;
  for (const auto& standing : standings_) {
    if (!standing.has_value() || !standing->active()) continue;
    if (standing->epoch <= epoch) continue;
    if (latest.has_value() && standing->epoch <= latest->epoch) continue;
    latest = standing;
  }
  return latest;
}

}  // namespace chancery::refresher
