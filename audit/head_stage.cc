#include <string>
#include <utility>

#include "audit/head_check.h"
#include "audit/stage.h"

namespace chancery::audit {

void WatchHeads(Stage& stage) {
  if (stage.parts.inventory == nullptr) return;
  const auto row = stage.parts.inventory->GetHead(stage.options.signer);
  if (!row.ok()) {
    stage.NotChecked("the inventory's head", row.status());
    return;
  }
  auto opened =
      CheckHeadSignature({.head = row->head, .index = row->index},
                         stage.parts.keys, "inventory", stage.report.findings);
  if (!opened.has_value()) return;
  stage.replay.Watch(opened->head.ledger_size);
  stage.head = *std::move(opened);
}

void AuditHeads(Stage& stage) {
  if (!stage.head.has_value()) return;
  CheckHead(stage.replay, *stage.head, "inventory", stage.report.findings);
  ++stage.report.checked["heads"];
}

}  // namespace chancery::audit
