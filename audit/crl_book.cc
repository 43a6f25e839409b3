#include "audit/crl_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"

namespace chancery::audit {
namespace {

Finding About(Kind kind, std::string text, const ledger::CrlEntry& entry,
              uint64_t index) {
  return Finding(kind, std::move(text))
      .With("issuer", base::AsBytes(entry.issuer_id))
      .With("shard", static_cast<uint64_t>(entry.shard))
      .With("number", entry.number)
      .With("index", index);
}

}  // namespace

const CrlRef* AuditedCrls::Find(uint64_t number) const {
  const auto found = std::lower_bound(
      crls.begin(), crls.end(), number,
      [](const CrlRef& ref, uint64_t n) { return ref.number < n; });
  return found == crls.end() || found->number != number ? nullptr : &*found;
}

const CrlRef* AuditedCrls::Before(uint64_t number, ledger::CrlKind kind) const {
  for (auto at = crls.rbegin(); at != crls.rend(); ++at) {
    if (at->number < number && at->kind == kind) return &*at;
  }
  return nullptr;
}

void CrlBook::Change(CertificateNumber certificate, uint64_t index,
                     absl::Time at) {
  const CertificateFacts& facts = certificates_.at(certificate);
  scopes_[{facts.issuer, facts.crl_shard}].pending.push_back(
      {.certificate = certificate, .index = index, .at = at});
}

void CrlBook::Take(const ledger::CrlEntry& entry, uint32_t issuer,
                   uint64_t index, absl::Time time, Findings& findings) {
  AuditedCrls& scope = scopes_[{issuer, entry.shard}];
  const int64_t this_update = absl::ToUnixSeconds(entry.this_update);
  const CrlRef* const last = scope.crls.empty() ? nullptr : &scope.crls.back();
  const CrlRef* const same_kind = scope.newest(entry.kind);
  const bool grows = last == nullptr || entry.number > last->number;
  if (!grows) {
    findings.Add(About(Kind::kCrlNumberNotGrowing,
                       "a CRL's number is not greater than the one before",
                       entry, index)
                     .With("before", last->number));
  }
  if (entry.this_update > time || entry.next_update <= entry.this_update ||
      (same_kind != nullptr && this_update <= same_kind->this_update)) {
    findings.Add(About(Kind::kCrlTimesWrong,
                       "a CRL's thisUpdate is in the future, not later than in "
                       "what it replaces, or not before its nextUpdate",
                       entry, index)
                     .With("found", entry.this_update));
  }
  if (entry.ledger_size > index ||
      (last != nullptr && entry.ledger_size < last->ledger_size)) {
    findings.Add(About(Kind::kCrlLedgerSizeWrong,
                       "a CRL's ledger size went back, or is more than there "
                       "was",
                       entry, index)
                     .With("found", entry.ledger_size));
  }
  if (grows) {
    scope.crls.push_back({.kind = entry.kind,
                          .number = entry.number,
                          .index = index,
                          .ledger_size = entry.ledger_size,
                          .this_update = this_update,
                          .next_update = absl::ToUnixSeconds(entry.next_update),
                          .revoked_count = entry.revoked_count,
                          .sha256 = entry.crl_sha256});
  }
  if (entry.kind == ledger::CrlKind::kFull) {
    std::erase_if(scope.pending, [&](const AuditedCrls::Pending& one) {
      return one.index < entry.ledger_size;
    });
  }
}

const AuditedCrls* CrlBook::Find(const CrlScope& scope) const {
  const auto found = scopes_.find(scope);
  return found == scopes_.end() ? nullptr : &found->second;
}

void CrlBook::CheckStated(absl::Time before, Findings& findings) const {
  for (const auto& [scope, crls] : scopes_) {
    for (const AuditedCrls::Pending& one : crls.pending) {
      const CertificateFacts& facts = certificates_.at(one.certificate);
      const CertificateStatus status = certificates_.Now(one.certificate);
      if (one.at >= before || status.status == Status::kGood ||
          facts.not_after <= absl::ToUnixSeconds(one.at)) {
        continue;
      }
      findings.Add(Finding(Kind::kRevocationNotOnCrl,
                           "no CRL was made since a revocation")
                       .With("serial", facts.serial())
                       .With("issuer", base::AsBytes(certificates_.issuer_id(
                                           scope.first)))
                       .With("shard", static_cast<uint64_t>(scope.second))
                       .With("index", one.index)
                       .With("since", one.at));
    }
  }
}

}  // namespace chancery::audit
