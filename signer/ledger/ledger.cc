#include "signer/ledger/ledger.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "signer/ledger/kv_overlay.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/rows.h"

namespace chancery::signer {
namespace {

TreeHead HeadOf(const Marker& marker) {
  return {.size = marker.frontier.size(),
          .root = marker.frontier.Root(),
          .last_time = marker.last_time};
}

absl::StatusOr<TreeHead> StoredHead(const KvReader& reader) {
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   reader.Get(MarkerKey()));
  if (!stored.has_value()) return TreeHead();
  ASSIGN_OR_RETURN(const Marker marker, ParseMarker(*stored));
  return HeadOf(marker);
}

std::string Text(absl::Time time) {
  return absl::FormatTime(time, absl::UTCTimeZone());
}

}  // namespace

// One call of Execute; lives on its caller's stack.
struct Ledger::Pending {
  absl::FunctionRef<absl::Status(Transaction&)> command;
  absl::Status status = absl::OkStatus();
  bool done = false;
};

// Commands that will be one write.
struct Ledger::Group {
  KvOverlay overlay;
  merkle::Frontier frontier;
  absl::Time last_time;
  bool clock_confirmed = false;
};

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(
    std::unique_ptr<KvStore> store, const base::Clock& clock, Options options) {
  ASSIGN_OR_RETURN(const Marker marker, CheckTail(*store));
  return std::unique_ptr<Ledger>(new Ledger(std::move(store), clock, options,
                                            marker.frontier, HeadOf(marker)));
}

Ledger::Ledger(std::unique_ptr<KvStore> store, const base::Clock& clock,
               Options options, merkle::Frontier frontier, TreeHead head)
    : store_(std::move(store)),
      clock_(clock),
      options_(options),
      head_(head),
      clock_confirmed_(options.confirm_clock),
      frontier_(std::move(frontier)) {}

Ledger::~Ledger() = default;

absl::StatusOr<absl::Time> Ledger::EntryTime(absl::Time now, absl::Time last,
                                             bool confirmed) const {
  now = absl::FromUnixMicros(absl::ToUnixMicros(now));
  if (last == absl::InfinitePast()) return now;
  // TRUST 5: "The signer stops when its clock is behind its ledger's last entry
  // or more than max_clock_gap ahead of it, until an operator confirms."
  if (absl::ToUnixSeconds(now) < absl::ToUnixSeconds(last)) {
    return absl::FailedPreconditionError(
        absl::StrCat("clock is behind the ledger: it shows ", Text(now),
                     ", the last entry was made at ", Text(last)));
  }
  if (!confirmed && now - last > options_.max_clock_gap) {
    return absl::FailedPreconditionError(absl::StrCat(
        "clock is too far ahead of the ledger: it shows ", Text(now),
        ", the last entry was made at ", Text(last), "; more than ",
        absl::FormatDuration(options_.max_clock_gap),
        " has to be confirmed by an operator"));
  }
  return std::max(now, last);
}

absl::Status Ledger::Execute(
    absl::FunctionRef<absl::Status(Transaction& transaction)> command) {
  Pending pending{.command = command};
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(failed_);
  waiting_.push_back(&pending);
  while (!pending.done) {
    if (leading_) {
      changed_.Wait(mu_);
    } else {
      LeadGroup();
    }
  }
  return pending.status;
}

void Ledger::LeadGroup() {
  leading_ = true;
  std::list<Pending*> taken;
  auto end = waiting_.begin();
  std::advance(end, std::min(waiting_.size(), options_.max_group_commands));
  taken.splice(taken.end(), waiting_, waiting_.begin(), end);
  Group group{.overlay = KvOverlay(*store_),
              .frontier = frontier_,
              .last_time = head_.last_time,
              .clock_confirmed = clock_confirmed_};
  const uint64_t old_size = frontier_.size();
  mu_.Unlock();

  std::list<Pending*> ran;
  while (!taken.empty() &&
         group.overlay.size_bytes() < options_.max_group_bytes) {
    RunCommand(*taken.front(), group);
    ran.splice(ran.end(), taken, taken.begin());
  }
  const bool writes = !group.overlay.empty();
  absl::Status written;
  // The commit point. A crash before it leaves nothing of the group, one after
  // it all; nobody was told of either yet.
  if (writes) written = store_->Write(group.overlay.TakeBatch(), true);
  const TreeHead head = {.size = group.frontier.size(),
                         .root = group.frontier.Root(),
                         .last_time = group.last_time};

  mu_.Lock();
  leading_ = false;
  waiting_.splice(waiting_.begin(), taken);
  if (written.ok()) {
    head_ = head;
    if (group.frontier.size() > old_size) clock_confirmed_ = false;
    frontier_ = std::move(group.frontier);
    counters_.commands += ran.size();
    if (writes) ++counters_.groups;
  } else {
    // What the store holds now is not known: a failed sync is not repeated,
    // since the kernel may have dropped the pages that it could not write.
    failed_ = absl::UnavailableError(
        absl::StrCat("ledger: a write failed, it must be opened again: ",
                     written.message()));
    for (Pending* pending : ran) pending->status = failed_;
    for (Pending* pending : waiting_) pending->status = failed_;
    ran.splice(ran.end(), waiting_);
  }
  for (Pending* pending : ran) pending->done = true;
  changed_.NotifyAll();
}

void Ledger::RunCommand(Pending& pending, Group& group) {
  const absl::StatusOr<absl::Time> time =
      EntryTime(clock_.Now(), group.last_time, group.clock_confirmed);
  if (!time.ok()) {
    pending.status = time.status();
    return;
  }
  Transaction transaction(group.overlay, group.frontier, *time);
  pending.status = pending.command(transaction);
  if (!pending.status.ok()) return;
  if (transaction.frontier().size() > group.frontier.size()) {
    group.last_time = *time;
    group.clock_confirmed = false;
    group.frontier = transaction.frontier();
  }
  group.overlay.Absorb(transaction.overlay());
}

absl::StatusOr<std::unique_ptr<const KvReader>> Ledger::DurableSnapshot(
    TreeHead& head) const {
  {
    base::MutexLock lock(mu_);
    RETURN_IF_ERROR(failed_);
  }
  std::unique_ptr<const KvReader> snapshot = store_->Snapshot();
  ASSIGN_OR_RETURN(head, StoredHead(*snapshot));
  // It may show a group whose write has not returned yet.
  base::MutexLock lock(mu_);
  while (failed_.ok() && head.size > head_.size) changed_.Wait(mu_);
  RETURN_IF_ERROR(failed_);
  return snapshot;
}

absl::StatusOr<std::unique_ptr<const LedgerView>> Ledger::Read() const {
  absl::Time now = clock_.Now();  // Before the snapshot: TRUST 2.8.
  TreeHead head;
  ASSIGN_OR_RETURN(std::unique_ptr<const KvReader> snapshot,
                   DurableSnapshot(head));
  // Entries made since are in the snapshot, so it is as young as the last of
  // them; only a clock that is behind it even now is wrong.
  if (now < head.last_time) now = std::min(clock_.Now(), head.last_time);
  bool confirmed;
  {
    base::MutexLock lock(mu_);
    confirmed = clock_confirmed_;
  }
  ASSIGN_OR_RETURN(const absl::Time time,
                   EntryTime(now, head.last_time, confirmed));
  return std::make_unique<const LedgerView>(std::move(snapshot), head, time);
}

absl::StatusOr<EntryRange> Ledger::ReadEntries(uint64_t from, size_t max_bytes,
                                               size_t max_entries) const {
  EntryRange range;
  ASSIGN_OR_RETURN(const std::unique_ptr<const KvReader> snapshot,
                   DurableSnapshot(range.head));
  if (from > range.head.size) {
    return absl::OutOfRangeError(absl::StrCat(
        "from: ", from, " is past the end of the ledger, ", range.head.size));
  }
  size_t bytes = 0;
  RETURN_IF_ERROR(
      snapshot->Scan(EntryKey(from), EndOf(EntryKey(~0ull)),
                     [&](absl::string_view, absl::string_view entry) {
                       bytes += entry.size();
                       if (!range.entries.empty() && bytes > max_bytes)
                         return false;
                       range.entries.emplace_back(entry.data(), entry.size());
                       return range.entries.size() < max_entries;
                     }));
  return range;
}

TreeHead Ledger::Head() const {
  base::MutexLock lock(mu_);
  return head_;
}

bool Ledger::AwaitGrowth(uint64_t size,
                         std::chrono::steady_clock::time_point deadline,
                         const std::stop_token& stop) const {
  const std::stop_callback wake(stop, [this] {
    base::MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  base::MutexLock lock(mu_);
  while (failed_.ok() && head_.size <= size && !stop.stop_requested() &&
         changed_.WaitUntil(mu_, deadline)) {
  }
  return !failed_.ok() || head_.size > size;
}

Ledger::Counters Ledger::counters() const {
  base::MutexLock lock(mu_);
  return counters_;
}

}  // namespace chancery::signer
