#include "signer/schedule.h"

#include <algorithm>

namespace chancery::signer {

absl::Duration RefreshAfter(absl::Duration validity) {
  if (validity <= 2 * kLastRefresh) return validity * 7 / 16;
  return std::min(
      {validity / 2, validity - kLastRefresh, absl::Hours(96) - kLastRefresh});
}

ResponseTimes GoodTimes(absl::Time this_update, absl::Duration validity,
                        absl::Time not_after, absl::Time signer_not_after) {
  return {.this_update = this_update,
          .next_update = std::min({this_update + validity - absl::Seconds(1),
                                   not_after, signer_not_after})};
}

ResponseTimes RevokedTimes(absl::Time this_update, absl::Duration validity,
                           absl::Time signer_not_after) {
  return {.this_update = this_update,
          .next_update = std::min(this_update + validity - absl::Seconds(1),
                                  signer_not_after)};
}

absl::Duration CrlRefreshAfter(absl::Duration validity) {
  return std::min(validity / 2, absl::Hours(96) - kLastRefresh);
}

uint32_t LifetimeClass(absl::Duration lifetime) {
  const int64_t days = (absl::ToInt64Hours(lifetime) + 23) / 24;
  uint32_t rounded = 1;
  while (rounded < days) rounded *= 2;
  return rounded;
}

}  // namespace chancery::signer
