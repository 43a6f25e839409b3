// What the stages of an audit share.
#ifndef CHANCERY_AUDIT_STAGE_H_
#define CHANCERY_AUDIT_STAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audit/auditor.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "block/head.h"

namespace chancery::audit {

struct Stage {
  const AuditParts& parts;
  const AuditOptions& options;
  AuditReport& report;
  Replay& replay;

  // Serials of any issuer that are somewhere and were never issued: responders
  // are asked about them.
  struct Unissued {
    std::string issuer_id;
    std::string serial;
  };
  std::vector<Unissued> unissued = {};
  // What the inventory had followed when its rows were read.
  uint64_t followed = 0;

  // The newest that the inventory has, if it is signed as it should be.
  std::optional<block::OpenedHead> head = {};

  void NotChecked(absl::string_view what, const absl::Status& why) {
    report.not_checked.push_back(absl::StrCat(what, ": ", why.message()));
  }
  void Progress(absl::string_view stage, uint64_t done, uint64_t total) {
    if (parts.progress) parts.progress(stage, done, total);
  }
};

// Reads the ledger to its end. False: it could not be read; the report says so.
bool ReadLedger(Stage& stage);
// Before the ledger is read: has the root at the head's size kept.
void WatchHeads(Stage& stage);
// The head, once it was.
void AuditHeads(Stage& stage);
// Changes that nobody signed, at the end, when the ledger was read again.
void CheckDelays(Stage& stage);

// The inventory's rows.
void AuditRows(Stage& stage);
// Its blocks, their records, and what responders answer about each.
void AuditBlocks(Stage& stage);
// Serials that were never issued, at every responder.
void AuditRefusals(Stage& stage);
// CRLs, of the inventory and of every responder.
void AuditCrls(Stage& stage);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_STAGE_H_
