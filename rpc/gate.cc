#include "rpc/gate.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "grpcpp/server_context.h"
#include "rpc/status.h"

namespace chancery::rpc {
namespace {

// Roles that change nothing by themselves: what is published or pushed, a
// hundred times a second, is signed, and its receiver looks at that. Nobody
// waits until the log has the decision.
bool IsTold(Role role) {
  return role == Role::kRead || role == Role::kPublish || role == Role::kPush;
}

AuditRecord ToRecord(AuditEvent event, const Identity& caller,
                     const Demand& demand, const char* action) {
  const Subject& subject = demand.subject;
  return {.event = event,
          .identity = caller.uri,
          .role = std::string(RoleName(demand.role)),
          .action = action,
          .issuer = subject.issuer,
          .profile = subject.profile,
          .serial = base::Hex(base::AsBytes(subject.serial)),
          .object = subject.object,
          .count = subject.count,
          .request_id = subject.request_id,
          .requester = subject.requester};
}

// Our log has the whole of what may name files and hosts; this one, too, is
// read by people whom that does not concern.
std::string Why(const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  if (IsPrivate(status)) return code;
  return absl::StrCat(code, ": ", std::string(status.message()));
}

bool IsRefusal(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status);
}

absl::Status Denied(const Identity& caller, absl::string_view what) {
  return absl::PermissionDeniedError(absl::StrCat(caller.uri, ": ", what));
}

// Actions that name their issuer.
bool IsOfAnIssuer(Role role) {
  return role == Role::kIssue || role == Role::kRevoke || role == Role::kCrl ||
         role == Role::kImport;
}

}  // namespace

absl::StatusOr<Identity> Gate::Admit(const grpc::ServerContextBase& context,
                                     const Demand& demand,
                                     const char* action) const {
  absl::StatusOr<Identity> caller = PeerIdentity(context);
  absl::Status refused = caller.status();
  if (refused.ok()) refused = roles_.Check(*caller, demand.role);
  if (refused.ok()) return caller;
  log_.Warning("call_refused", {{"method", action},
                                {"peer", context.peer()},
                                {"reason", refused.message()}});
  return Refuse(refused,
                ToRecord(AuditEvent::kRefused,
                         caller.ok() ? *caller : Identity(), demand, action));
}

absl::StatusOr<Decision> Gate::Decide(const Identity& caller,
                                      const Demand& demand,
                                      const char* action) const {
  AuditRecord record = ToRecord(AuditEvent::kAllowed, caller, demand, action);
  absl::Status checked = roles_.Check(caller, demand.role);
  if (checked.ok() && demand.each_apart) return Decision();
  if (checked.ok()) checked = CheckLimits(caller, demand, record);
  if (!checked.ok()) {
    log_.Warning("call_refused", {{"method", action},
                                  {"caller", caller.uri},
                                  {"reason", checked.message()}});
    return Refuse(checked, std::move(record));
  }
  if (audit_ == nullptr) return Decision();
  if (IsTold(demand.role)) {
    audit_->AppendQuietly(std::move(record));
    return Decision();
  }
  const bool healthy = audit_->Healthy();
  Decision decision{.entry = audit_->Append(std::move(record))};
  // While the log takes nothing, nothing is done that would have to be in it.
  if (!healthy) RETURN_IF_ERROR(audit_->Await(decision.entry));
  return decision;
}

absl::Status Gate::Conclude(absl::Status status, const Identity& caller,
                            const Demand& demand, const Decision& decision,
                            const char* action) const {
  if (IsPrivate(status)) {
    log_.Error("call_failed",
               {{"method", action}, {"caller", caller.uri}, {"error", status}});
  }
  if (audit_ == nullptr) return status;
  if (!status.ok()) {
    AuditRecord record =
        ToRecord(IsRefusal(status) ? AuditEvent::kRefused : AuditEvent::kFailed,
                 caller, demand, action);
    record.why = Why(status);
    audit_->AppendQuietly(std::move(record));
  }
  if (decision.entry != nullptr) {
    RETURN_IF_ERROR(audit_->Await(decision.entry));
  }
  return status;
}

absl::Status Gate::Refuse(absl::Status why, AuditRecord record) const {
  if (audit_ != nullptr) {
    record.event = AuditEvent::kRefused;
    record.why = Why(why);
    audit_->AppendQuietly(std::move(record));
  }
  return why;
}

absl::Status Gate::CheckLimits(const Identity& caller, const Demand& demand,
                               AuditRecord& record) const {
  const GrantLimits& limits = roles_.LimitsOf(caller);
  const Subject& subject = demand.subject;
  if (IsOfAnIssuer(demand.role) && !limits.issuers.empty() &&
      limits.issuers.count(subject.issuer) == 0) {
    return Denied(
        caller, absl::StrCat("issuer \"", subject.issuer, "\" is not granted"));
  }
  if (demand.role == Role::kRevoke && limits.revoke_own) {
    if (!subject.own) {
      return Denied(caller, "may revoke only what it asked for itself");
    }
    return subject.own(caller);
  }
  if (demand.role != Role::kIssue) return absl::OkStatus();
  if (!limits.profiles.empty() && limits.profiles.count(subject.profile) == 0) {
    return Denied(caller, absl::StrCat("profile \"", subject.profile,
                                       "\" is not granted"));
  }
  const absl::Status named = CheckNames(subject, limits, record);
  if (absl::IsPermissionDenied(named)) return Denied(caller, named.message());
  RETURN_IF_ERROR(named);
  return CheckRate(caller, limits.max_issued_per_hour);
}

absl::Status Gate::CheckNames(const Subject& subject, const GrantLimits& limits,
                              AuditRecord& record) const {
  const bool is_limited = limits.names.has_value();
  const bool is_logged = subject.log_names && audit_ != nullptr;
  if (!subject.names) {
    if (!is_limited) return absl::OkStatus();
    return absl::PermissionDeniedError("only some names are granted");
  }
  if (!is_limited && !is_logged) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<x509::AltName> names, subject.names());
  for (const x509::AltName& name : names) {
    record.names.push_back(x509::AltNameText(name));
  }
  return is_limited ? limits.names->Check(names) : absl::OkStatus();
}

absl::Status Gate::CheckRate(const Identity& caller, uint32_t limit) const {
  if (limit == 0) return absl::OkStatus();
  if (rates_.Take(caller.uri, clock_.Now(), limit)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(caller.uri, ": max_issued_per_hour is ", limit));
}

}  // namespace chancery::rpc
