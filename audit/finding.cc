#include "audit/finding.h"

#include "absl/strings/str_cat.h"
#include "base/encoding.h"

namespace chancery::audit {
namespace {

struct NamedKind {
  Kind kind;
  const char* name;
};

constexpr NamedKind kKinds[] = {
    {Kind::kLedgerEntryUnreadable, "ledger-entry-unreadable"},
    {Kind::kLedgerTimeGoesBack, "ledger-time-goes-back"},
    {Kind::kLedgerRootDiffers, "ledger-root-differs"},
    {Kind::kLedgerWentBack, "ledger-went-back"},
    {Kind::kSerialIssuedTwice, "serial-issued-twice"},
    {Kind::kCertificateDiffers, "certificate-differs"},
    {Kind::kPlaceNotNext, "place-not-next"},
    {Kind::kStatusOfUnissued, "status-of-unissued-serial"},
    {Kind::kUnrevoked, "unrevoked"},
    {Kind::kStatusChangeNotAllowed, "status-change-not-allowed"},
    {Kind::kManifestUnreadable, "manifest-unreadable"},
    {Kind::kManifestNotVerified, "manifest-not-verified"},
    {Kind::kManifestVersionTwice, "manifest-version-twice"},
    {Kind::kManifestVersionNotGrowing, "manifest-version-not-growing"},
    {Kind::kManifestChainBroken, "manifest-chain-broken"},
    {Kind::kManifestBaseWrong, "manifest-base-wrong"},
    {Kind::kManifestFactsWrong, "manifest-facts-wrong"},
    {Kind::kManifestLedgerSizeWrong, "manifest-ledger-size-wrong"},
    {Kind::kManifestTimesWrong, "manifest-times-wrong"},
    {Kind::kStatusRootDiffers, "status-root-differs"},
    {Kind::kRecordNotSigned, "record-not-signed"},
    {Kind::kCrlNumberNotGrowing, "crl-number-not-growing"},
    {Kind::kCrlTimesWrong, "crl-times-wrong"},
    {Kind::kCrlLedgerSizeWrong, "crl-ledger-size-wrong"},
    {Kind::kRevocationNotOnCrl, "revocation-not-on-crl"},
    {Kind::kHeadNotVerified, "head-not-verified"},
    {Kind::kHeadRootDiffers, "head-root-differs"},
    {Kind::kHeadIndexDiffers, "head-index-differs"},
    {Kind::kInventoryBehind, "inventory-behind"},
    {Kind::kInventoryRowMissing, "inventory-row-missing"},
    {Kind::kInventoryRowUnissued, "inventory-row-unissued"},
    {Kind::kInventoryRowDiffers, "inventory-row-differs"},
    {Kind::kInventoryStatusDiffers, "inventory-status-differs"},
    {Kind::kInventoryBlockMissing, "inventory-block-missing"},
    {Kind::kInventoryBlockStale, "inventory-block-stale"},
    {Kind::kBlockDamaged, "block-damaged"},
    {Kind::kBlockNotInLedger, "block-not-in-ledger"},
    {Kind::kRecordMissing, "record-missing"},
    {Kind::kRecordOfUnissued, "record-of-unissued-serial"},
    {Kind::kRecordStatusDiffers, "record-status-differs"},
    {Kind::kRecordTimesWrong, "record-times-wrong"},
    {Kind::kRecordSignatureWrong, "record-signature-wrong"},
    {Kind::kCrlMissing, "crl-missing"},
    {Kind::kCrlDamaged, "crl-damaged"},
    {Kind::kCrlSignatureWrong, "crl-signature-wrong"},
    {Kind::kCrlNotInLedger, "crl-not-in-ledger"},
    {Kind::kCrlScopeWrong, "crl-scope-wrong"},
    {Kind::kCrlEntryMissing, "crl-entry-missing"},
    {Kind::kCrlEntryExtra, "crl-entry-extra"},
    {Kind::kCrlEntryDiffers, "crl-entry-differs"},
    {Kind::kCrlStale, "crl-stale"},
    {Kind::kCrlExpired, "crl-expired"},
    {Kind::kAnswerMissing, "answer-missing"},
    {Kind::kAnswerMalformed, "answer-malformed"},
    {Kind::kAnswerNotVerified, "answer-not-verified"},
    {Kind::kAnswerStatusDiffers, "answer-status-differs"},
    {Kind::kAnswerRevocationDiffers, "answer-revocation-differs"},
    {Kind::kAnswerStale, "answer-stale"},
    {Kind::kAnswerExpired, "answer-expired"},
    {Kind::kAnswerDiffers, "answer-differs"},
    {Kind::kUnissuedAnswered, "unissued-serial-answered"},
    {Kind::kResponderNotReady, "responder-not-ready"},
};

}  // namespace

const char* Name(Kind kind) {
  for (const NamedKind& one : kKinds) {
    if (one.kind == kind) return one.name;
  }
  return "unnamed";
}

std::vector<Kind> AllKinds() {
  std::vector<Kind> all;
  for (const NamedKind& one : kKinds) all.push_back(one.kind);
  return all;
}

Finding&& Finding::With(std::string name, std::string value) && {
  evidence.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Finding&& Finding::With(std::string name, uint64_t value) && {
  return std::move(*this).With(std::move(name), absl::StrCat(value));
}

Finding&& Finding::With(std::string name, base::Bytes value) && {
  return std::move(*this).With(std::move(name), base::Hex(value));
}

Finding&& Finding::With(std::string name, absl::Time value) && {
  return std::move(*this).With(std::move(name), TimeText(value));
}

void Findings::Add(Finding finding) {
  if (++counts_[finding.kind] <= kept_) findings_.push_back(std::move(finding));
}

void Findings::Absorb(Findings&& more) {
  for (Finding& finding : more.findings_) {
    if (Count(finding.kind) < kept_) findings_.push_back(finding);
    ++counts_[finding.kind];
    --more.counts_[finding.kind];
  }
  for (const auto& [kind, rest] : more.counts_) {
    if (rest > 0) counts_[kind] += rest;
  }
  more.findings_.clear();
  more.counts_.clear();
}

uint64_t Findings::Count(Kind kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace chancery::audit
