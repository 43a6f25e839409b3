#include "responder/cache/verified_replica.h"

namespace chancery::responder {

void VerifiedReplica::Confirm(absl::Duration valid) {
  const absl::Time until = clock_.Now() + valid;
  base::MutexLock lock(mu_);
  ready_until_ = until;
}

absl::Status VerifiedReplica::Ready() const {
  const absl::Time now = clock_.Now();
  base::MutexLock lock(mu_);
  if (now < ready_until_) return absl::OkStatus();
  return absl::UnavailableError(
      ready_until_ == absl::InfinitePast()
          ? "no refresher has confirmed yet that everything is here"
          : "no refresher has confirmed lately that everything is here");
}

ReplicaStatus VerifiedReplica::Status() const {
  const BlockCache::Totals totals = blocks_.Count();
  return {.blocks = totals.blocks,
          .certificates = totals.certificates,
          .newest_version = totals.newest_version,
          .crls = crls_.Crls().size(),
          .ready = Ready().ok()};
}

}  // namespace chancery::responder
