#include "audit/auditor.h"

#include "audit/stage.h"

namespace chancery::audit {

AuditReport Audit(const AuditParts& parts, const AuditOptions& options) {
  AuditReport report;
  Replay replay(options.replay);
  Stage stage{parts, options, report, replay};
  WatchHeads(stage);
  if (ReadLedger(stage)) {
    AuditHeads(stage);
    stage.followed = replay.size();
    if (parts.inventory != nullptr) {
      AuditRows(stage);
      AuditBlocks(stage);
    }
    AuditCrls(stage);
    AuditRefusals(stage);
    ReadLedger(stage);
    CheckDelays(stage);
  } else {
    report.not_checked.push_back(
        "everything else: it is compared with the ledger");
  }
  report.checked["ledger_entries"] = replay.size();
  report.checked["certificates"] = replay.certificates().size();
  uint64_t manifests = 0;
  for (const AuditedBlock& block : replay.blocks().blocks()) {
    manifests += block.manifests.size();
  }
  report.checked["manifests"] = manifests;
  return report;
}

}  // namespace chancery::audit
