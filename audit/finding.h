// What an audit says is wrong, with the evidence.
//
//   findings.Add(Finding(Kind::kSerialIssuedTwice, "issued by entries 4 and 9")
//                    .With("serial", Hex(serial)));
#ifndef CHANCERY_AUDIT_FINDING_H_
#define CHANCERY_AUDIT_FINDING_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::audit {

// Each has a stable name in kebab case, which alerts may name: docs/audit.md
// says what each means and what to do.
enum class Kind {
  // The ledger.
  kLedgerEntryUnreadable,
  kLedgerTimeGoesBack,
  kLedgerRootDiffers,
  kLedgerWentBack,
  kSerialIssuedTwice,
  kCertificateDiffers,
  kPlaceNotNext,
  kStatusOfUnissued,
  kUnrevoked,
  kStatusChangeNotAllowed,
  // Manifests in the feed.
  kManifestUnreadable,
  kManifestNotVerified,
  kManifestVersionTwice,
  kManifestVersionNotGrowing,
  kManifestChainBroken,
  kManifestBaseWrong,
  kManifestFactsWrong,
  kManifestLedgerSizeWrong,
  kManifestTimesWrong,
  kStatusRootDiffers,
  kRecordNotSigned,
  // CRLs in the feed.
  kCrlNumberNotGrowing,
  kCrlTimesWrong,
  kCrlLedgerSizeWrong,
  kRevocationNotOnCrl,
  // Heads.
  kHeadNotVerified,
  kHeadRootDiffers,
  kHeadIndexDiffers,
  // The inventory.
  kInventoryBehind,
  kInventoryRowMissing,
  kInventoryRowUnissued,
  kInventoryRowDiffers,
  kInventoryStatusDiffers,
  kInventoryBlockMissing,
  kInventoryBlockStale,
  kBlockDamaged,
  kBlockNotInLedger,
  kRecordMissing,
  kRecordOfUnissued,
  kRecordStatusDiffers,
  kRecordTimesWrong,
  kRecordSignatureWrong,
  // CRLs as they are.
  kCrlMissing,
  kCrlDamaged,
  kCrlSignatureWrong,
  kCrlNotInLedger,
  kCrlScopeWrong,
  kCrlEntryMissing,
  kCrlEntryExtra,
  kCrlEntryDiffers,
  kCrlStale,
  kCrlExpired,
  // What responders answer.
  kAnswerMissing,
  kAnswerMalformed,
  kAnswerNotVerified,
  kAnswerStatusDiffers,
  kAnswerRevocationDiffers,
  kAnswerStale,
  kAnswerExpired,
  kAnswerDiffers,
  kUnissuedAnswered,
  kResponderNotReady,
};

// "serial-issued-twice".
const char* Name(Kind kind);
// All there are, in the order above.
std::vector<Kind> AllKinds();

struct Finding {
  Finding(Kind kind, std::string text) : kind(kind), text(std::move(text)) {}

  // Facts that a machine may look for: "serial", "block", "version", "index",
  // "issuer", "where", "expected", "found".
  Finding&& With(std::string name, std::string value) &&;
  Finding&& With(std::string name, uint64_t value) &&;
  // As hex.
  Finding&& With(std::string name, base::Bytes value) &&;
  Finding&& With(std::string name, absl::Time value) &&;

  Kind kind;
  std::string text;  // One line for people, without what is in `evidence`.
  std::vector<std::pair<std::string, std::string>> evidence = {};
};

// Keeps the first of each kind and counts all. Thread-compatible.
class Findings {
 public:
  explicit Findings(size_t kept_of_a_kind = 100) : kept_(kept_of_a_kind) {}

  void Add(Finding finding);
  // All of `more`, which is empty afterwards.
  void Absorb(Findings&& more);

  const std::vector<Finding>& kept() const { return findings_; }
  const std::map<Kind, uint64_t>& counts() const { return counts_; }
  uint64_t Count(Kind kind) const;
  bool empty() const { return counts_.empty(); }

 private:
  size_t kept_;
  std::vector<Finding> findings_;
  std::map<Kind, uint64_t> counts_;
};

// "2026-11-28T07:30:00Z".
std::string TimeText(absl::Time time);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_FINDING_H_
