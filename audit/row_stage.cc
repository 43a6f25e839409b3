#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "audit/row_check.h"
#include "audit/stage.h"
#include "base/bytes.h"

namespace chancery::audit {
namespace {

constexpr size_t kPage = 1000;

// Waits until the inventory has followed the ledger as far as it was read; a
// finding if it does not.
absl::Status WaitForCursor(Stage& stage) {
  storage::Inventory& inventory = *stage.parts.inventory;
  const uint64_t wanted = stage.replay.size();
  const absl::Time give_up = stage.parts.clock.Now() + stage.options.patience;
  while (true) {
    const auto next = inventory.NextIndex(stage.options.signer);
    if (!next.ok()) return next.status();
    stage.followed = *next;
    if (*next >= wanted) return absl::OkStatus();
    if (stage.parts.clock.Now() >= give_up) break;
    stage.parts.wait(absl::Milliseconds(200));
  }
  stage.report.findings.Add(Finding(Kind::kInventoryBehind,
                                    "the inventory has not followed the ledger")
                                .With("expected", wanted)
                                .With("found", stage.followed));
  return absl::OkStatus();
}

void TakeUnissued(Stage& stage, const storage::CertificateRow& row) {
  if (stage.replay.certificates().Find(row.issuer_id, row.serial)) return;
  stage.unissued.push_back({row.issuer_id, row.serial});
}

}  // namespace

void AuditRows(Stage& stage) {
  if (const absl::Status read = WaitForCursor(stage); !read.ok()) {
    stage.NotChecked("inventory rows", read);
    return;
  }
  // The cursor may have gone on past what was read of the ledger.
  if (stage.followed > stage.replay.size() && !ReadLedger(stage)) return;
  stage.followed = std::min(stage.followed, stage.replay.size());
  Findings& findings = stage.report.findings;
  RowCheck check(stage.replay, stage.followed);
  std::vector<storage::CertificateRow> later;
  std::string token;
  do {
    const auto page = stage.parts.inventory->ListCertificates({}, token, kPage);
    if (!page.ok()) {
      stage.NotChecked("inventory rows", page.status());
      return;
    }
    for (const storage::CertificateRow& row : page->rows) {
      if (!check.See(row, findings)) {
        later.push_back(row);
      } else {
        TakeUnissued(stage, row);
      }
    }
    token = page->next_token;
    stage.Progress(
        "inventory", check.rows(),
        std::max<uint64_t>(check.rows(), stage.replay.certificates().size()));
  } while (!token.empty());
  if (!later.empty() && !ReadLedger(stage)) return;
  for (const storage::CertificateRow& row : later) {
    if (check.See(row, findings)) continue;
    findings.Add(Finding(Kind::kInventoryRowUnissued,
                         "a row is of an entry that the ledger does not have")
                     .With("serial", base::AsBytes(row.serial))
                     .With("index", row.ledger_index));
    stage.unissued.push_back({row.issuer_id, row.serial});
  }
  check.CheckMissing(findings);
  stage.report.checked["inventory_rows"] = check.rows();
}

}  // namespace chancery::audit
