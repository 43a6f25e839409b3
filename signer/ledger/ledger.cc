#include "signer/ledger/ledger.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "ledger/entry.h"
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
  RETURN_IF_ERROR(barred_);
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
  RETURN_IF_ERROR(barred());
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

absl::StatusOr<StoreFacts> Ledger::Facts() const {
  StoreFacts facts;
  ASSIGN_OR_RETURN(const std::unique_ptr<const KvReader> snapshot,
                   DurableSnapshot(facts.head));
  const State state(*snapshot);
  ASSIGN_OR_RETURN(facts.epoch, state.Epoch());
  ASSIGN_OR_RETURN(facts.newest_head, state.Head());
  ASSIGN_OR_RETURN(facts.witness, state.Witness());
  ASSIGN_OR_RETURN(facts.active_epoch, state.ActiveEpoch());
  return facts;
}

absl::StatusOr<merkle::Hash> Ledger::RootAt(uint64_t size) const {
  TreeHead head;
  ASSIGN_OR_RETURN(const std::unique_ptr<const KvReader> snapshot,
                   DurableSnapshot(head));
  if (size == head.size) return head.root;
  if (size > head.size) {
    return absl::OutOfRangeError(absl::StrCat(
        "size: ", size, " is past the end of the ledger, ", head.size));
  }
  ASSIGN_OR_RETURN(const merkle::Frontier frontier,
                   FrontierAt(*snapshot, size));
  return frontier.Root();
}

absl::StatusOr<bool> Ledger::GoesOnWith(uint64_t from,
                                        const std::vector<std::string>& entries,
                                        const merkle::Hash& root) const {
  TreeHead head;
  ASSIGN_OR_RETURN(const std::unique_ptr<const KvReader> snapshot,
                   DurableSnapshot(head));
  if (from > head.size) {
    return absl::OutOfRangeError(absl::StrCat(
        "from: ", from, " is past the end of the ledger, ", head.size));
  }
  const uint64_t both = std::min<uint64_t>(head.size, from + entries.size());
  ASSIGN_OR_RETURN(merkle::Frontier frontier, FrontierAt(*snapshot, from));
  merkle::Hash theirs = frontier.Root();
  for (const std::string& entry : entries) {
    frontier.Append(merkle::LeafHash(base::AsBytes(entry)));
    if (frontier.size() == both) theirs = frontier.Root();
  }
  if (frontier.Root() != root) {
    return absl::InvalidArgumentError(
        absl::StrCat("ledger: with the ", entries.size(), " entries from ",
                     from, " on it does not have the root that was signed"));
  }
  ASSIGN_OR_RETURN(const merkle::Frontier own, FrontierAt(*snapshot, both));
  return theirs == own.Root();
}

void Ledger::Bar(absl::Status why) {
  base::MutexLock lock(mu_);
  barred_ = std::move(why);
}

absl::Status Ledger::barred() const {
  base::MutexLock lock(mu_);
  return barred_;
}

absl::Status Ledger::BeginLead() {
  while (leading_) changed_.Wait(mu_);
  RETURN_IF_ERROR(failed_);
  leading_ = true;
  return absl::OkStatus();
}

void Ledger::EndLead(const absl::Status& written) {
  leading_ = false;
  if (!written.ok()) {
    failed_ = absl::UnavailableError(
        absl::StrCat("ledger: a write failed, it must be opened again: ",
                     written.message()));
  }
  changed_.NotifyAll();
}

absl::Status Ledger::AppendAll(const std::vector<std::string>& entries,
                               KvOverlay& overlay, merkle::Frontier& frontier,
                               absl::Time& last_time) {
  for (const std::string& bytes : entries) {
    ASSIGN_OR_RETURN(ledger::Entry entry,
                     ledger::ParseEntry(base::AsBytes(bytes)));
    if (entry.index != frontier.size() || entry.time < last_time) {
      return absl::InvalidArgumentError(
          absl::StrCat("ledger entry ", entry.index, ": does not follow on ",
                       frontier.size(), " entries"));
    }
    last_time = entry.time;
    std::string block_id;
    if (const auto* made = std::get_if<ledger::ManifestEntry>(&entry.body)) {
      block_id = made->block_id;
    }
    Transaction transaction(overlay, frontier, entry.time);
    const auto appended = transaction.Append(std::move(entry.body));
    if (!appended.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "ledger entry ", frontier.size(), ": ", appended.status().message()));
    }
    if (!block_id.empty()) {
      RETURN_IF_ERROR(transaction.ForgetBytes(block_id));
    }
    frontier = transaction.frontier();
    overlay.Absorb(transaction.overlay());
  }
  return absl::OkStatus();
}

absl::Status Ledger::Adopt(const std::vector<std::string>& entries,
                           const merkle::Hash& root) {
  merkle::Frontier frontier;
  absl::Time last_time;
  {
    base::MutexLock lock(mu_);
    RETURN_IF_ERROR(BeginLead());
    frontier = frontier_;
    last_time = head_.last_time;
  }
  KvOverlay overlay(*store_);
  absl::Status right = AppendAll(entries, overlay, frontier, last_time);
  if (right.ok() && frontier.Root() != root) {
    right = absl::InvalidArgumentError(
        absl::StrCat("ledger: with these entries, ", frontier.size(),
                     " in all, it does not have the root that was signed"));
  }
  if (right.ok() &&
      absl::ToUnixSeconds(clock_.Now()) < absl::ToUnixSeconds(last_time)) {
    right = absl::FailedPreconditionError(absl::StrCat(
        "clock is behind the ledger: it shows ", Text(clock_.Now()),
        ", the last entry was made at ", Text(last_time)));
  }
  // The commit point, as of any other group.
  absl::Status written;
  if (right.ok() && !overlay.empty()) {
    written = store_->Write(overlay.TakeBatch(), true);
  }
  base::MutexLock lock(mu_);
  EndLead(written);
  RETURN_IF_ERROR(failed_);
  RETURN_IF_ERROR(right);
  head_ = {.size = frontier.size(), .root = root, .last_time = last_time};
  frontier_ = std::move(frontier);
  return absl::OkStatus();
}

absl::Status Ledger::WriteRow(std::string key, std::string value) {
  {
    base::MutexLock lock(mu_);
    RETURN_IF_ERROR(BeginLead());
  }
  WriteBatch batch;
  batch.Put(std::move(key), std::move(value));
  const absl::Status written = store_->Write(batch, true);
  base::MutexLock lock(mu_);
  EndLead(written);
  return failed_;
}

absl::Status Ledger::KeepWitness(std::string statement) {
  return WriteRow(WitnessKey(), std::move(statement));
}

absl::Status Ledger::KeepActive(uint64_t epoch) {
  return WriteRow(ActiveKey(), EncodeNumber(epoch));
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
