#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "audit/stage.h"
#include "base/bytes.h"
#include "base/encoding.h"

namespace chancery::audit {
namespace {

Finding WentBack(const Replay& replay, uint64_t size) {
  return Finding(Kind::kLedgerWentBack,
                 "the ledger has fewer entries than it had")
      .With("expected", replay.size())
      .With("found", size);
}

}  // namespace

bool ReadLedger(Stage& stage) {
  Replay& replay = stage.replay;
  Findings& findings = stage.report.findings;
  while (true) {
    const auto page = stage.parts.ledger.Read(replay.size());
    if (absl::IsOutOfRange(page.status())) {
      findings.Add(
          Finding(Kind::kLedgerWentBack, std::string(page.status().message())));
      return false;
    }
    if (!page.ok()) {
      stage.NotChecked("ledger", page.status());
      return false;
    }
    if (page->ledger_size < replay.size()) {
      findings.Add(WentBack(replay, page->ledger_size));
      return false;
    }
    for (const std::string& entry : page->entries) {
      replay.Take(base::AsBytes(entry), findings);
    }
    CheckSignatures(replay.TakeUnverified(), stage.parts.keys,
                    stage.options.threads, findings);
    stage.Progress("ledger", replay.size(),
                   std::max(page->ledger_size, replay.size()));
    if (!page->entries.empty() && replay.size() < page->ledger_size) continue;
    if (replay.size() != page->ledger_size) {
      stage.NotChecked("ledger", absl::DataLossError(absl::StrCat(
                                     "it says that it has ", page->ledger_size,
                                     " entries, and gives ", replay.size())));
      return false;
    }
    const merkle::Hash root = replay.Root();
    if (base::ToString(root) != page->ledger_root) {
      findings.Add(Finding(Kind::kLedgerRootDiffers,
                           "the ledger's root does not follow from its entries")
                       .With("size", replay.size())
                       .With("expected", base::Bytes(root))
                       .With("found", base::AsBytes(page->ledger_root)));
    }
    stage.report.ledger_size = replay.size();
    stage.report.ledger_root = base::Hex(root);
    return true;
  }
}

void CheckDelays(Stage& stage) {
  const absl::Time now = stage.parts.clock.Now();
  stage.replay.blocks().CheckSigned(now - stage.options.record_delay,
                                    stage.report.findings);
  stage.replay.crls().CheckStated(now - stage.options.crl_delay,
                                  stage.report.findings);
}

}  // namespace chancery::audit
