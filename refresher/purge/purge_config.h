// The configuration of purges, checked and turned into what a Purger is made
// of.
#ifndef CHANCERY_REFRESHER_PURGE_PURGE_CONFIG_H_
#define CHANCERY_REFRESHER_PURGE_PURGE_CONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "refresher/purge/purge_request.h"

namespace chancery::config {
class Purge;
class Refresher;
}  // namespace chancery::config

namespace chancery::refresher {

// InvalidArgument names the field, its value and the rule; FailedPrecondition a
// token file that others can read.
absl::Status CheckPurges(const config::Refresher& config);

PurgeEndpoint ToEndpoint(const config::Purge& config);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_PURGE_CONFIG_H_
