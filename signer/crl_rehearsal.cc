#include "signer/crl_rehearsal.h"

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "policy/lints/linter.h"

namespace chancery::signer {
namespace {

constexpr int kKeyCompromise = 1;
constexpr uint8_t kSerials[] = {1, 2};

}  // namespace

absl::Status RehearseCrl(const Issuer& issuer, const x509::CrlFacts& facts) {
  const base::Bytes serials(kSerials);
  const std::vector<x509::CrlEntry> entries = {
      {.serial = serials.first(1), .revocation_time = facts.this_update},
      {.serial = serials.last(1),
       .revocation_time = facts.this_update,
       .reason = kKeyCompromise}};
  ASSIGN_OR_RETURN(const std::string der,
                   x509::SignCrl(facts, entries, *issuer.rehearsal_key));
  const auto finding = policy::lints::FirstFinding(
      base::AsBytes(der), policy::lints::ObjectKind::kCrl, issuer.lints);
  if (!finding.has_value()) return absl::OkStatus();
  return absl::InternalError(policy::lints::FindingText(*finding));
}

}  // namespace chancery::signer
