#include "audit/status_rules.h"

#include "absl/strings/str_cat.h"
#include "audit/finding.h"

namespace chancery::audit {
namespace {

constexpr uint8_t kKeyCompromise = 1;
constexpr uint8_t kCertificateHold = 6;

}  // namespace

std::string StatusText(const CertificateStatus& status) {
  if (status.status == Status::kGood) return "good";
  return absl::StrCat(status.status == Status::kHeld ? "held" : "revoked",
                      ", reason ", static_cast<int>(status.reason), ", at ",
                      TimeText(absl::FromUnixSeconds(status.revoked_at)));
}

CertificateStatus StatusOf(const ledger::StatusEntry& entry) {
  switch (entry.change) {
    case ledger::StatusChange::kRelease:
      return {};
    case ledger::StatusChange::kHold:
      return {.status = Status::kHeld,
              .reason = kCertificateHold,
              .revoked_at = absl::ToUnixSeconds(entry.revoked_at)};
    case ledger::StatusChange::kRevoke:
      break;
  }
  return {.status = Status::kRevoked,
          .reason = entry.reason,
          .revoked_at = absl::ToUnixSeconds(entry.revoked_at)};
}

std::optional<RuleBroken> CheckChange(const CertificateStatus& before,
                                      const ledger::StatusEntry& entry,
                                      absl::Time now) {
  const CertificateStatus after = StatusOf(entry);
  const bool was_revoked = before.status == Status::kRevoked;
  if (entry.revoked_at > now) {
    return RuleBroken{"a revocation's date is never in the future"};
  }
  switch (entry.change) {
    case ledger::StatusChange::kRelease:
      if (before.status == Status::kHeld) return std::nullopt;
      return RuleBroken{"only a held certificate becomes good again",
                        was_revoked};
    case ledger::StatusChange::kHold:
      if (before.status == Status::kGood) return std::nullopt;
      return RuleBroken{"only a good certificate can be held", was_revoked};
    case ledger::StatusChange::kRevoke:
      break;
  }
  if (before.status == Status::kGood) return std::nullopt;
  if (before.status == Status::kHeld) {
    if (after.revoked_at == before.revoked_at) return std::nullopt;
    return RuleBroken{"a revocation keeps the date of the hold",
                      after.revoked_at > before.revoked_at};
  }
  if (after.reason != kKeyCompromise) {
    return RuleBroken{"only keyCompromise replaces another reason"};
  }
  if (after.revoked_at > before.revoked_at) {
    return RuleBroken{"a revocation's date never moves later", true};
  }
  return std::nullopt;
}

}  // namespace chancery::audit
