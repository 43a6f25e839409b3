#include "refresher/config.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/feed_trimmer.h"
#include "refresher/purge/purge_config.h"
#include "rpc/address.h"
#include "rpc/audit_log/open_configured.h"
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
constexpr uint32_t kMaxResolveSeconds = 3600;
constexpr uint32_t kMaxForgetSeconds = 24 * 3600;
// A signer answers so many calls at a time, and has others to answer.
constexpr uint32_t kMaxSigningJobs = 24;

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
  const absl::Duration keep = absl::Hours(24) * config.keep_feed_days();
  if (config.keep_feed_days() != 0 && keep < kLeastFeedKeep) {
    return rpc::ConfigError(
        "keep_feed_days", absl::StrCat(config.keep_feed_days()),
        absl::StrCat("at least ", absl::ToInt64Hours(kLeastFeedKeep) / 24,
                     ", or 0 to keep all"));
  }
  RETURN_IF_ERROR(
      AtMost("signing_jobs", config.signing_jobs(), kMaxSigningJobs));
  return AtMost("crl_delay_seconds", config.crl_delay_seconds(),
                kMaxCrlDelaySeconds);
}

absl::Status CheckDiscovery(const std::string& field,
                            const config::ResponderTarget& responder) {
  RETURN_IF_ERROR(AtMost((field + ".resolve_seconds").c_str(),
                         responder.resolve_seconds(), kMaxResolveSeconds));
  RETURN_IF_ERROR(AtMost((field + ".forget_seconds").c_str(),
                         responder.forget_seconds(), kMaxForgetSeconds));
  if (responder.resolve_seconds() == 0) {
    if (responder.forget_seconds() == 0) return absl::OkStatus();
    return rpc::ConfigError(field + ".forget_seconds",
                            absl::StrCat(responder.forget_seconds()),
                            "only with resolve_seconds");
  }
  ASSIGN_OR_RETURN(const rpc::Address address,
                   rpc::ParseAddress(responder.target().address()));
  if (!address.is_unix()) return absl::OkStatus();
  return rpc::ConfigError(field + ".target.address",
                          responder.target().address(),
                          "with resolve_seconds it must be host:port");
}

}  // namespace

Discovery::Options ToDiscoveryOptions(
    const config::ResponderTarget& responder) {
  const auto address = rpc::ParseAddress(responder.target().address());
  return {
      .name = responder.name(),
      .host = address.ok() ? address->host : std::string(),
      .port = address.ok() ? address->port : uint16_t{0},
      .forget_after = absl::Seconds(OrDefault(responder.forget_seconds(), 60))};
}

Settings ToSettings(const config::Refresher& config) {
  return {.lease = absl::Seconds(OrDefault(config.lease_seconds(), 60)),
          .follow_interval =
              absl::Milliseconds(OrDefault(config.follow_interval_ms(), 1000)),
          .converge_interval = absl::Milliseconds(
              OrDefault(config.converge_interval_ms(), 5000)),
          .crl_delay = absl::Seconds(OrDefault(config.crl_delay_seconds(), 10)),
          .signing_jobs = OrDefault(config.signing_jobs(), 8)};
}

absl::Status CheckConfig(const config::Refresher& config) {
  RETURN_IF_ERROR(rpc::CheckIdentity(config.identity()));
  RETURN_IF_ERROR(rpc::CheckListen(config.listen()));
  RETURN_IF_ERROR(rpc::RoleTable::Create(config.grant()).status());
  RETURN_IF_ERROR(rpc::CheckAuditLog(config.audit_log()));
  RETURN_IF_ERROR(storage::CheckInventory(config.inventory()));
  RETURN_IF_ERROR(rpc::CheckTarget("signer", config.signer()));
  for (int i = 0; i < config.standby_size(); ++i) {
    RETURN_IF_ERROR(
        rpc::CheckTarget(absl::StrCat("standby[", i, "]"), config.standby(i)));
  }
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
    if (responder.name().find('/') != std::string::npos) {
      return rpc::ConfigError(field + ".name", responder.name(),
                              "`/` is for those that are found by host name");
    }
    RETURN_IF_ERROR(CheckDiscovery(field, responder));
  }
  RETURN_IF_ERROR(CheckPurges(config));
  RETURN_IF_ERROR(rpc::RequireSet("name", config.name()));
  return CheckNumbers(config);
}

}  // namespace chancery::refresher
