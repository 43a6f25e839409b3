#ifndef CHANCERY_REFRESHER_CONFIG_H_
#define CHANCERY_REFRESHER_CONFIG_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "refresher/discovery.h"

namespace chancery::config {
class Refresher;
class ResponderTarget;
}  // namespace chancery::config

namespace chancery::refresher {

// The numbers of a configuration, with their defaults.
struct Settings {
  absl::Duration lease = {};
  absl::Duration follow_interval = {};
  absl::Duration converge_interval = {};
  absl::Duration crl_delay = {};
  size_t signing_jobs = 0;
};
Settings ToSettings(const config::Refresher& config);

// Of one that has resolve_seconds and was checked.
Discovery::Options ToDiscoveryOptions(const config::ResponderTarget& responder);

// InvalidArgument names the field, its value and the rule.
absl::Status CheckConfig(const config::Refresher& config);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_CONFIG_H_
