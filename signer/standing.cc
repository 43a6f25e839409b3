#include "signer/standing.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "ledger/entry.h"

namespace chancery::signer {
namespace {

absl::Status NotYet(absl::string_view why) {
  return absl::FailedPreconditionError(why);
}

std::string Text(absl::Time time) {
  return absl::FormatTime(time, absl::UTCTimeZone());
}

const char* TypeOf(StatementKind kind) {
  return kind == StatementKind::kHead ? block::kHeadType
                                      : block::kLedgerRootType;
}

// (epoch, size) says how far a ledger is.
auto Reach(const block::Head& head) {
  return std::tuple(head.epoch, head.ledger_size);
}

}  // namespace

Standing::Standing(Ledger& ledger, std::vector<crypto::PublicKey> keys,
                   const base::Clock& clock, Options options)
    : ledger_(ledger),
      keys_(std::move(keys)),
      clock_(clock),
      options_(options) {
  ledger_.Bar(NotYet("ledger: whether it may sign is not known yet"));
}

absl::StatusOr<Standing::Seen> Standing::Open(
    StatementKind kind, const std::string& statement) const {
  ASSIGN_OR_RETURN(
      block::Head head,
      block::OpenStatement(TypeOf(kind), base::AsBytes(statement), keys_));
  std::string row(1, static_cast<char>(kind));
  return Seen{.head = head, .row = row + statement};
}

// What the store remembers counts as if it had been shown, but for that: a
// backup remembers less than others know.
absl::Status Standing::Load() {
  if (loaded_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const StoreFacts facts, ledger_.Facts());
  if (facts.newest_head.has_value()) {
    ASSIGN_OR_RETURN(const block::Head head,
                     block::HeadOf(base::AsBytes(*facts.newest_head)));
    began_after_ = head.time;
    std::string row(1, static_cast<char>(StatementKind::kHead));
    RETURN_IF_ERROR(Take(StatementKind::kHead,
                         {.head = head, .row = row + *facts.newest_head}, facts)
                        .status());
  }
  if (facts.witness.has_value() && !facts.witness->empty()) {
    const auto kind = static_cast<StatementKind>(facts.witness->front());
    auto seen = Open(kind, facts.witness->substr(1));
    // Signed by a key that has been given up since: others show a newer one.
    if (seen.ok()) {
      RETURN_IF_ERROR(Take(kind, *std::move(seen), facts).status());
    }
  }
  loaded_ = true;
  return absl::OkStatus();
}

// The store keeps only the newest of those before the start; of those since
// then each is known: another one's may be older than some of them.
bool Standing::IsOwn(const block::Head& head) const {
  return head.time <= began_after_ || own_heads_.Has(head);
}

bool Standing::IsActiveIn(const StoreFacts& facts) const {
  return facts.active_epoch.value_or(options_.standby ? 0 : 1) == facts.epoch;
}

void Standing::Fork(const block::Head& statement, const std::string& what) {
  forked_ = NotYet(absl::StrCat(
      "ledger forked: a statement of ", Text(statement.time), " in epoch ",
      statement.epoch, " gives ", what,
      ": two signers had this ledger, and this is not the one that was "
      "followed"));
}

absl::StatusOr<bool> Standing::Take(StatementKind kind, Seen seen,
                                    const StoreFacts& facts) {
  const block::Head& head = seen.head;
  const bool covered = head.ledger_size <= facts.head.size;
  bool same = false;
  if (covered) {
    ASSIGN_OR_RETURN(const merkle::Hash root, ledger_.RootAt(head.ledger_size));
    same = root == head.ledger_root;
  }
  // Of a signer that was superseded: it may have gone on as it likes.
  if (head.epoch < facts.epoch) return same;
  if (covered) {
    if (!same) {
      Fork(head, absl::StrCat("its first ", head.ledger_size,
                              " entries another root"));
      return true;
    }
  }
  if (kind == StatementKind::kHead) {
    if (!IsOwn(head)) others_head_ = std::max(others_head_, head.time);
    if (!newest_head_.has_value() || newest_head_->head.time < head.time) {
      newest_head_ = seen;
    }
  }
  if (!furthest_.has_value() || Reach(furthest_->head) < Reach(head)) {
    furthest_ = std::move(seen);
  }
  return true;
}

StandingReport Standing::Verdict(const StoreFacts& facts) const {
  StandingReport report{.ledger_size = facts.head.size, .epoch = facts.epoch};
  const auto stop = [&](StandingState state, const std::string& why) {
    report.state = state;
    report.why = NotYet(why);
    return report;
  };
  if (furthest_.has_value()) report.wanted_size = furthest_->head.ledger_size;
  if (!forked_.ok()) {
    return stop(StandingState::kForked, std::string(forked_.message()));
  }
  const bool behind = report.wanted_size > facts.head.size;
  if (!IsActiveIn(facts)) {
    return stop(StandingState::kStandby,
                absl::StrCat("standby: it follows epoch ", facts.epoch,
                             " and signs nothing until it is promoted",
                             behind ? "; it lacks entries yet" : ""));
  }
  if (behind) {
    return stop(
        StandingState::kBehind,
        absl::StrCat("ledger behind: it has ", facts.head.size,
                     " entries, a statement of ", Text(furthest_->head.time),
                     " is about ", report.wanted_size,
                     ": restored from a backup, or another signer is at work"));
  }
  if (options_.await_head && !shown_) {
    return stop(
        StandingState::kAwaitsHead,
        absl::StrCat("ledger: nobody has shown the newest head that others "
                     "hold yet (await_head)",
                     facts.head.size != 0
                         ? ""
                         : "; it is empty: if there never was another one, "
                           "leave a file \"first-start\" in ledger_dir"));
  }
  if (clock_.Now() - others_head_ < options_.quiet_after) {
    return stop(
        StandingState::kWaits,
        absl::StrCat("another signer: a head of ", Text(others_head_),
                     " was not made here; while such heads are younger than ",
                     absl::FormatDuration(options_.quiet_after),
                     " their maker may be at work"));
  }
  return report;
}

absl::StatusOr<StandingReport> Standing::Judge() {
  RETURN_IF_ERROR(Load());
  ASSIGN_OR_RETURN(const StoreFacts facts, ledger_.Facts());
  StandingReport report = Verdict(facts);
  const auto close =
      [&](const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
        ledger_.Bar(why);
        // Whoever starts again with this store has to know it.
        if (furthest_.has_value() && report.wanted_size > facts.head.size &&
            facts.witness != furthest_->row) {
          RETURN_IF_ERROR(ledger_.KeepWitness(furthest_->row));
        }
        active_ = false;
        return absl::OkStatus();
      };
  if (!report.active()) {
    RETURN_IF_ERROR(close(report.why));
    return report;
  }
  if (facts.newest_head.has_value()) {
    // After a promotion it is one of the signer before, which tells that one
    // nothing.
    ASSIGN_OR_RETURN(const block::Head head,
                     block::HeadOf(base::AsBytes(*facts.newest_head)));
    if (head.epoch == facts.epoch) report.head = *facts.newest_head;
  }
  if (active_) return report;
  ledger_.Bar(absl::OkStatus());
  // The next head is later than all that others hold.
  if (newest_head_.has_value() &&
      newest_head_->head.time > std::max(began_after_, own_heads_.newest()) &&
      facts.head.size > 0) {
    const std::string bytes = newest_head_->row.substr(1);
    const absl::Status kept = ledger_.Execute([&](Transaction& tx) {
      tx.PutHead(bytes);
      return absl::OkStatus();
    });
    if (!kept.ok()) {
      RETURN_IF_ERROR(close(kept));
      report.state = StandingState::kWaits;
      report.why = kept;
      report.head.clear();
      return report;
    }
    began_after_ = newest_head_->head.time;
  }
  active_ = true;
  return report;
}

absl::StatusOr<StandingReport> Standing::Look() {
  base::MutexLock lock(mu_);
  return Judge();
}

absl::StatusOr<StandingReport> Standing::Show(
    const std::vector<Statement>& statements) {
  std::vector<Seen> seen;
  for (const Statement& one : statements) {
    ASSIGN_OR_RETURN(seen.emplace_back(), Open(one.kind, one.bytes));
  }
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Load());
  ASSIGN_OR_RETURN(const StoreFacts facts, ledger_.Facts());
  for (size_t i = 0; i < seen.size(); ++i) {
    ASSIGN_OR_RETURN(const bool ours,
                     Take(statements[i].kind, std::move(seen[i]), facts));
    shown_ = shown_ || ours;
  }
  return Judge();
}

absl::StatusOr<StandingReport> Standing::Add(
    uint64_t from, const std::vector<std::string>& entries,
    const std::string& ledger_root) {
  ASSIGN_OR_RETURN(const Seen seen,
                   Open(StatementKind::kLedgerRoot, ledger_root));
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Load());
  if (active_) {
    return absl::FailedPreconditionError(
        "entries: this signer is active and makes them itself");
  }
  const uint64_t size = ledger_.Head().size;
  if (from > size) {
    return absl::OutOfRangeError(absl::StrCat(
        "from: ", from, " is past the next index of the ledger, ", size));
  }
  if (entries.empty() || seen.head.ledger_size != from + entries.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "ledger root: of ", seen.head.ledger_size, " entries, with ",
        entries.size(), " from ", from, " there are ", from + entries.size()));
  }
  if (from < size) {
    ASSIGN_OR_RETURN(const bool same,
                     ledger_.GoesOnWith(from, entries, seen.head.ledger_root));
    ASSIGN_OR_RETURN(const StoreFacts facts, ledger_.Facts());
    if (!same && seen.head.epoch >= facts.epoch) {
      Fork(seen.head,
           absl::StrCat("other entries from ", from, " on, up to ", size));
    }
    return Judge();
  }
  RETURN_IF_ERROR(ledger_.Adopt(entries, seen.head.ledger_root));
  return Judge();
}

absl::StatusOr<StandingReport> Standing::Promote() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Load());
  ASSIGN_OR_RETURN(const StoreFacts facts, ledger_.Facts());
  if (!forked_.ok()) return forked_;
  if (!shown_) {
    return NotYet(
        "promote: nobody has shown a head that others hold yet: it is not "
        "known whether this ledger is whole");
  }
  if (furthest_.has_value() && furthest_->head.ledger_size > facts.head.size) {
    return NotYet(absl::StrCat("promote: ledger behind: it has ",
                               facts.head.size, " of ",
                               furthest_->head.ledger_size, " entries"));
  }
  const uint64_t epoch =
      std::max(facts.epoch + 1, facts.active_epoch.value_or(0));
  if (epoch > ledger::kMaxEpoch) {
    return absl::ResourceExhaustedError(
        absl::StrCat("promote: ", ledger::kMaxEpoch, " epochs have passed"));
  }
  // A crash between the two leaves a standby that can be promoted again: no
  // epoch is that of this store yet.
  RETURN_IF_ERROR(ledger_.KeepActive(epoch));
  ledger_.Bar(absl::OkStatus());
  const absl::Status begun = ledger_.Execute([&](Transaction& tx) {
    return tx.Append(ledger::EpochEntry{.epoch = epoch}).status();
  });
  if (!begun.ok()) {
    ledger_.Bar(begun);
    return begun;
  }
  others_head_ = absl::InfinitePast();
  return Judge();
}

bool Standing::was_shown() const {
  base::MutexLock lock(mu_);
  return shown_;
}

}  // namespace chancery::signer
