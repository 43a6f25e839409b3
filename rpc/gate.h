// Who gets through: roles, what they are limited to, and a line in the audit
// log for each decision.
#ifndef CHANCERY_RPC_GATE_H_
#define CHANCERY_RPC_GATE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "rpc/audit_log/audit_log.h"
#include "rpc/demand.h"
#include "rpc/identity.h"
#include "rpc/issue_rates.h"
#include "rpc/log.h"
#include "rpc/roles.h"

namespace grpc {
class ServerContextBase;
}

namespace chancery::rpc {

// That something was allowed; where it is written.
struct Decision {
  AuditLog::Entry entry = nullptr;  // Null: nobody waits for it.
};

// What is known of decisions longer than a gate lives. Each may be null.
struct GateMemory {
  AuditLog* audit = nullptr;    // Where they are written.
  IssueRates* rates = nullptr;  // What was issued in the last hour.
};

// What it is given must outlive it. Thread-safe.
class Gate {
 public:
  Gate(const RoleTable& roles, const Log& log, GateMemory memory,
       const base::Clock& clock)
      : roles_(roles),
        log_(log),
        audit_(memory.audit),
        clock_(clock),
        own_rates_(memory.rates == nullptr ? std::make_unique<IssueRates>()
                                           : nullptr),
        rates_(memory.rates == nullptr ? *own_rates_ : *memory.rates) {}

  // The first look, which never blocks: who calls, if they have the role.
  absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                                 const Demand& demand,
                                 const char* action) const;

  // The second, which may: all that the grant is limited to.
  // PermissionDenied, or what finding it out returned; ResourceExhausted: more
  // than the grant's rate; Unavailable: the audit log takes no decision.
  absl::StatusOr<Decision> Decide(const Identity& caller, const Demand& demand,
                                  const char* action) const;

  // What the caller may be told: `status`, once the decision is on disk. What
  // of it is for our eyes only is logged, with the action and the caller.
  // Unavailable if it is not; whatever was done may be asked for again.
  absl::Status Conclude(absl::Status status, const Identity& caller,
                        const Demand& demand, const Decision& decision,
                        const char* action) const;

 private:
  absl::Status CheckLimits(const Identity& caller, const Demand& demand,
                           AuditRecord& record) const;
  absl::Status CheckNames(const Subject& subject, const GrantLimits& limits,
                          AuditRecord& record) const;
  absl::Status CheckRate(const Identity& caller, uint32_t limit) const;
  absl::Status Refuse(absl::Status why, AuditRecord record) const;

  const RoleTable& roles_;
  const Log& log_;
  AuditLog* const audit_;
  const base::Clock& clock_;
  const std::unique_ptr<IssueRates> own_rates_;
  IssueRates& rates_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_GATE_H_
