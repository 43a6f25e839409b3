#include "refresher/once.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::refresher {
namespace {

absl::Status Follow(const OnceParts& parts, Report report) {
  bool more = true;
  while (more) {
    ASSIGN_OR_RETURN(more, parts.follower.Step());
    report("ledger", parts.follower.followed(), parts.follower.ledger_size());
  }
  return absl::OkStatus();
}

absl::Status Refresh(const OnceParts& parts, Report report) {
  ASSIGN_OR_RETURN(const std::vector<ListedBlock> listed,
                   parts.signer.ListBlocks());
  const absl::Time now = parts.clock.Now();
  const uint64_t total =
      std::count_if(listed.begin(), listed.end(),
                    [&](const ListedBlock& b) { return b.refresh_at <= now; });
  uint64_t done = 0;
  const auto sign_due = [&]() -> absl::Status {
    bool more = true;
    while (more) {
      // A batch of which all were refused is not the last.
      const uint64_t refused = parts.blocks.refused_blocks();
      const auto report_step = [&](size_t step) {
        report("blocks", done + step, std::max(done + step, total));
      };
      ASSIGN_OR_RETURN(const size_t step, parts.blocks.Step(report_step));
      more = step > 0 || parts.blocks.refused_blocks() > refused;
      done += step;
      report_step(0);
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(sign_due());
  RETURN_IF_ERROR(parts.blocks.Reconcile().status());
  // What a former manifest key signed is due now.
  if (parts.blocks.by_former_key().value_or(0) == 0) return absl::OkStatus();
  RETURN_IF_ERROR(sign_due());
  return parts.blocks.Reconcile().status();
}

// OK: it has everything, and knows it.
absl::Status FillOne(Replicator& responder) {
  RETURN_IF_ERROR(responder.Converge());
  const HeadStanding head = responder.state().head;
  if (head.ready) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("is not ready: it lacks ", head.blocks_behind,
                   " blocks of the signer's newest head"));
}

absl::Status Fill(const OnceParts& parts, Report report) {
  std::vector<absl::Status> results(parts.responders.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < parts.responders.size(); ++i) {
    threads.emplace_back(
        [&, i] { results[i] = FillOne(*parts.responders[i]); });
  }
  absl::Status first;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    report("responders", i + 1, threads.size());
    if (results[i].ok()) continue;
    first.Update(absl::Status(
        results[i].code(),
        absl::StrCat("responder \"", parts.responders[i]->state().name,
                     "\": ", std::string(results[i].message()))));
  }
  return first;
}

absl::Status CheckFresh(const OnceParts& parts) {
  const absl::Time now = parts.clock.Now();
  ASSIGN_OR_RETURN(const absl::Time oldest, parts.inventory.EarliestRefresh());
  if (oldest <= now) {
    return absl::FailedPreconditionError(absl::StrCat(
        "blocks: one has been due since ", absl::FormatTime(oldest)));
  }
  ASSIGN_OR_RETURN(const auto crls, parts.inventory.ListCrls());
  for (const storage::CrlRow& crl : crls) {
    if (crl.refresh_at > now) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "CRLs: one has been due since ", absl::FormatTime(crl.refresh_at)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunOnce(const OnceParts& parts, Report report) {
  absl::Status first = Follow(parts, report);
  first.Update(Refresh(parts, report));
  first.Update(parts.crls.StepNow().status());
  // Afterwards, so that the head names what was signed just now, of which the
  // inventory has to have the entries first.
  first.Update(parts.heads.Step(absl::ZeroDuration()).status());
  if (parts.heads.waits()) {
    first.Update(Follow(parts, report));
    first.Update(parts.heads.Step(absl::ZeroDuration()).status());
  }
  first.Update(Fill(parts, report));
  first.Update(CheckFresh(parts));
  return first;
}

}  // namespace chancery::refresher
