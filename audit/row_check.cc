#include "audit/row_check.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace chancery::audit {
namespace {

CertificateStatus StatusOf(const storage::CertificateRow& row) {
  if (row.status == storage::CertificateStatus::kGood) return {};
  return {.status = row.status == storage::CertificateStatus::kHeld
                        ? Status::kHeld
                        : Status::kRevoked,
          .reason = static_cast<uint8_t>(row.reason),
          .revoked_at = absl::ToUnixSeconds(row.revoked_at)};
}

}  // namespace

bool RowCheck::See(const storage::CertificateRow& row, Findings& findings) {
  if (row.ledger_index >= replay_.size()) return false;
  const auto number = replay_.certificates().Find(row.issuer_id, row.serial);
  ++rows_;
  if (!number.has_value()) {
    findings.Add(Finding(Kind::kInventoryRowUnissued,
                         "the inventory has a certificate that the ledger "
                         "never issued")
                     .With("serial", base::AsBytes(row.serial))
                     .With("issuer", base::AsBytes(row.issuer_id)));
    return true;
  }
  if (seen_.size() <= *number) seen_.resize(*number + 1);
  seen_[*number] = true;
  Compare(row, *number, findings);
  return true;
}

void RowCheck::Compare(const storage::CertificateRow& row,
                       CertificateNumber number, Findings& findings) const {
  const CertificateTable& table = replay_.certificates();
  const CertificateFacts& facts = table.at(number);
  const auto differs = [&](std::string text, std::string expected,
                           std::string found) {
    findings.Add(Finding(Kind::kInventoryRowDiffers, std::move(text))
                     .With("serial", base::AsBytes(row.serial))
                     .With("index", facts.issued_index)
                     .With("expected", std::move(expected))
                     .With("found", std::move(found)));
  };
  const crypto::Sha256Digest sha256 = crypto::Sha256(base::AsBytes(row.der));
  if (sha256 != facts.sha256) {
    differs("a row has another certificate than the ledger",
            base::Hex(facts.sha256), base::Hex(sha256));
  }
  const std::string& block = replay_.blocks().blocks()[facts.block].id;
  // The authority writes a row at once, and who follows fills in its place.
  const bool half = row.block_id.empty() && facts.issued_index >= followed_;
  if (!half && (row.block_id != block || row.place != facts.place)) {
    differs("a row names another place than the ledger",
            base::Hex(base::AsBytes(block)) + "/" + std::to_string(facts.place),
            base::Hex(base::AsBytes(row.block_id)) + "/" +
                std::to_string(row.place));
  }
  if (absl::ToUnixSeconds(row.not_after) != facts.not_after) {
    differs("a row has another notAfter than the ledger",
            TimeText(absl::FromUnixSeconds(facts.not_after)),
            TimeText(row.not_after));
  }
  // All entries before `followed_`, and the one that it names.
  const uint64_t reflected = std::max(followed_, row.ledger_index + 1);
  const CertificateStatus expected = table.At(number, reflected);
  const CertificateStatus found = StatusOf(row);
  const uint64_t changed = table.ChangedIndex(number, reflected);
  if (found == expected && row.ledger_index == changed) return;
  findings.Add(Finding(Kind::kInventoryStatusDiffers,
                       "a row has another status than the ledger")
                   .With("serial", base::AsBytes(row.serial))
                   .With("index", changed)
                   .With("row_index", row.ledger_index)
                   .With("expected", StatusText(expected))
                   .With("found", StatusText(found)));
}

void RowCheck::CheckMissing(Findings& findings) const {
  const CertificateTable& table = replay_.certificates();
  for (CertificateNumber number = 0; number < table.size(); ++number) {
    const CertificateFacts& facts = table.at(number);
    if (facts.issued_index >= followed_) continue;
    if (number < seen_.size() && seen_[number]) continue;
    findings.Add(
        Finding(Kind::kInventoryRowMissing,
                "the inventory has no row of a certificate that was issued")
            .With("serial", facts.serial())
            .With("issuer", base::AsBytes(table.issuer_id(facts.issuer)))
            .With("index", facts.issued_index));
  }
}

}  // namespace chancery::audit
