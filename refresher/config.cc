#include "refresher/config.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "rpc/check_config.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/roles.h"
#include "storage/open_configured.h"

namespace chancery::refresher {
namespace {

// A lease must outlast the signing of a block by a slow token.
constexpr uint32_t kMinLeaseSeconds = 5;
constexpr uint32_t kMaxConvergeMs = 60'000;
constexpr uint32_t kMaxCrlDelaySeconds = 900;  // TRUST 7.

uint32_t OrDefault(uint32_t value, uint32_t if_zero) {
  return value == 0 ? if_zero : value;
}

absl::Status AtMost(const char* field, uint32_t value, uint32_t most) {
  if (value <= most) return absl::OkStatus();
  return rpc::ConfigError(field, absl::StrCat(value),
                          absl::StrCat("at most ", most));
}

absl::Status CheckNumbers(const config::Refresher& config) {
  if (config.lease_seconds() != 0 &&
      config.lease_seconds() < kMinLeaseSeconds) {
    return rpc::ConfigError("lease_seconds",
                            absl::StrCat(config.lease_seconds()),
                            absl::StrCat("at least ", kMinLeaseSeconds));
  }
  RETURN_IF_ERROR(AtMost("follow_interval_ms", config.follow_interval_ms(),
                         kMaxConvergeMs));
  RETURN_IF_ERROR(AtMost("converge_interval_ms", config.converge_interval_ms(),
                         kMaxConvergeMs));
  return AtMost("crl_delay_seconds", config.crl_delay_seconds(),
                kMaxCrlDelaySeconds);
}

}  // namespace

Settings ToSettings(const config::Refresher& config) {
  return {
      .lease = absl::Seconds(OrDefault(config.lease_seconds(), 60)),
      .follow_interval =
          absl::Milliseconds(OrDefault(config.follow_interval_ms(), 1000)),
      .converge_interval =
          absl::Milliseconds(OrDefault(config.converge_interval_ms(), 5000)),
      .crl_delay = absl::Seconds(OrDefault(config.crl_delay_seconds(), 10))};
}

absl::Status CheckConfig(const config::Refresher& config) {
  RETURN_IF_ERROR(rpc::CheckIdentity(config.identity()));
  RETURN_IF_ERROR(rpc::CheckListen(config.listen()));
  RETURN_IF_ERROR(rpc::RoleTable::Create(config.grant()).status());
  RETURN_IF_ERROR(storage::CheckInventory(config.inventory()));
  RETURN_IF_ERROR(rpc::CheckTarget("signer", config.signer()));
  std::set<std::string> names;
  for (int i = 0; i < config.responder_size(); ++i) {
    const std::string field = absl::StrCat("responder[", i, "]");
    const config::ResponderTarget& responder = config.responder(i);
    RETURN_IF_ERROR(rpc::RequireSet(field + ".name", responder.name()));
    if (!names.insert(responder.name()).second) {
      return rpc::ConfigError(field + ".name", responder.name(),
                              "another responder has this name");
    }
    RETURN_IF_ERROR(rpc::CheckTarget(field + ".target", responder.target()));
  }
  RETURN_IF_ERROR(rpc::RequireSet("name", config.name()));
  return CheckNumbers(config);
}

}  // namespace chancery::refresher
