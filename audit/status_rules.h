// What may become of a certificate (TRUST 2.2), written down a second time: an
// auditor that asked the signer's own code would agree with its mistakes.
#ifndef CHANCERY_AUDIT_STATUS_RULES_H_
#define CHANCERY_AUDIT_STATUS_RULES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "ledger/entry.h"

namespace chancery::audit {

enum class Status : uint8_t { kGood, kHeld, kRevoked };

struct CertificateStatus {
  Status status = Status::kGood;
  uint8_t reason = 0;      // RFC 5280 section 5.3.1.
  int64_t revoked_at = 0;  // Seconds since 1970; 0 when good.

  friend bool operator==(const CertificateStatus&,
                         const CertificateStatus&) = default;
};

// "revoked, reason 1, at 2026-11-28T07:30:00Z".
std::string StatusText(const CertificateStatus& status);

struct RuleBroken {
  std::string rule;
  // What was revoked would not be revoked any more, or only from a later date.
  bool unrevoked = false;
};

// The status that `entry` asks for; whether it may be had is for CheckChange.
CertificateStatus StatusOf(const ledger::StatusEntry& entry);

// Nullopt when `entry`, recorded at `now`, may follow `before`.
std::optional<RuleBroken> CheckChange(const CertificateStatus& before,
                                      const ledger::StatusEntry& entry,
                                      absl::Time now);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_STATUS_RULES_H_
