#include "refresher/freshness.h"

#include <algorithm>

#include "base/status_macros.h"
#include "policy/br_revocation.h"

namespace chancery::refresher {

double SlackUsed(absl::Time refresh_at, absl::Time deadline, absl::Time now) {
  if (now < refresh_at) return 0;
  if (deadline <= refresh_at) return 1;
  return absl::FDivDuration(now - refresh_at, deadline - refresh_at);
}

absl::StatusOr<Oldest> OldestResponses(storage::BlockStore& blocks,
                                       absl::Time now) {
  ASSIGN_OR_RETURN(const storage::BlockTimes times, blocks.OldestBlockTimes());
  Oldest out{.this_update = times.this_update,
             .next_update = times.next_update,
             .refresh_at = times.refresh_at};
  if (now < out.refresh_at) return out;
  ASSIGN_OR_RETURN(const std::vector<storage::BlockTimes> due,
                   blocks.ListBlockTimes(now));
  for (const storage::BlockTimes& block : due) {
    if (block.this_update == absl::UnixEpoch()) continue;  // Not known.
    const absl::Time deadline =
        policy::br::OcspUpdateBy(block.this_update, block.next_update);
    out.slack_used =
        std::max(out.slack_used, SlackUsed(block.refresh_at, deadline, now));
  }
  return out;
}

Oldest OldestCrls(const std::vector<storage::CrlRow>& crls, absl::Time now) {
  Oldest out;
  for (const storage::CrlRow& crl : crls) {
    out.this_update = std::min(out.this_update, crl.this_update);
    out.next_update = std::min(out.next_update, crl.next_update);
    out.refresh_at = std::min(out.refresh_at, crl.refresh_at);
    const absl::Time deadline =
        std::min(policy::br::CrlUpdateBy(crl.this_update), crl.next_update);
    out.slack_used =
        std::max(out.slack_used, SlackUsed(crl.refresh_at, deadline, now));
  }
  return out;
}

}  // namespace chancery::refresher
