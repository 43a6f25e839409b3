#include "rpc/audit_log/audit_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace chancery::rpc {
namespace {

constexpr size_t kMaxFolded = 1024;
// Of those that nobody waits for.
constexpr size_t kMaxKept = 10'000;
constexpr absl::Duration kRetry = absl::Seconds(1);

// All but what differs each time.
std::string FoldKey(const AuditRecord& record) {
  return absl::StrJoin(
      {record.identity, record.role, record.action,
       std::string(AuditEventName(record.event)), record.why, record.issuer,
       record.profile, record.serial, record.object, record.requester,
       absl::StrCat(record.count), absl::StrJoin(record.names, "\n")},
      std::string(1, '\0'));
}

void AddLine(const std::string& service, const AuditRecord& record,
             ChainEnd& end, std::string& lines) {
  const std::string text = EncodeAuditLine({.sequence = end.sequence,
                                            .previous = end.previous,
                                            .service = service,
                                            .record = record});
  absl::StrAppend(&lines, text, "\n");
  end = {.sequence = end.sequence + 1, .previous = AuditLineHash(text)};
}

}  // namespace

struct AuditLog::Pending {
  AuditRecord record = {};
  bool urgent = false;
  bool done = false;
  absl::Status status = {};
};

AuditLog::AuditLog(Options options, LogFiles files, const base::Clock& clock,
                   const Log& log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      files_(std::move(files)) {}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(
    Options options, const base::Clock& clock, const Log& log) {
  if (options.key) RETURN_IF_ERROR(options.key().status());
  ASSIGN_OR_RETURN(LogFiles files,
                   LogFiles::Open(options.path, options.max_bytes));
  const std::string dropped = files.dropped();
  std::unique_ptr<AuditLog> out(
      new AuditLog(std::move(options), std::move(files), clock, log));
  Entry entry;
  if (!dropped.empty()) {
    log.Warning("audit_log_repaired", {{"what", dropped}});
    entry = out->Append({.event = AuditEvent::kRecovered, .why = dropped});
  }
  entry = out->Append({.event = AuditEvent::kStarted});
  out->thread_ = std::thread([log = out.get()] { log->Run(); });
  RETURN_IF_ERROR(out->Await(entry));
  return out;
}

AuditLog::~AuditLog() {
  {
    base::MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

AuditLog::Entry AuditLog::Append(AuditRecord record) {
  record.time = clock_.Now();
  base::MutexLock lock(mu_);
  return Add(std::move(record), true);
}

AuditLog::Entry AuditLog::Add(AuditRecord record, bool urgent) {
  Entry entry = std::make_shared<Pending>();
  entry->record = std::move(record);
  entry->urgent = urgent;
  queue_.push_back(entry);
  const Steady::time_point now = Steady::now();
  const Steady::time_point by =
      urgent ? now : now + absl::ToChronoMilliseconds(options_.quiet_delay);
  if (by < due_) {
    due_ = by;
    wake_.NotifyOne();
  }
  return entry;
}

void AuditLog::AppendQuietly(AuditRecord record) {
  record.time = clock_.Now();
  std::string key = FoldKey(record);
  base::MutexLock lock(mu_);
  if (const auto found = folded_.find(key); found != folded_.end()) {
    found->second.record = std::move(record);
    ++found->second.times;
    return;
  }
  if (queue_.size() >= kMaxKept) return;  // None could be written for long.
  if (folded_.size() < kMaxFolded) {
    folded_.emplace(
        std::move(key),
        Folded{.record = record, .times = 0, .told = Steady::now()});
  }
  Add(std::move(record), false);
}

AuditLog::Steady::time_point AuditLog::AddFolded(bool all) {
  const Steady::duration fold = absl::ToChronoNanoseconds(options_.fold);
  const Steady::time_point now = Steady::now();
  Steady::time_point next = Steady::time_point::max();
  for (auto at = folded_.begin(); at != folded_.end();) {
    Folded& folded = at->second;
    if (!all && now < folded.told + fold) {
      next = std::min(next, folded.told + fold);
      ++at;
      continue;
    }
    if (folded.times == 0) {
      at = folded_.erase(at);
      continue;
    }
    folded.record.times = folded.times;
    Add(folded.record, false);
    folded.times = 0;
    folded.told = now;
    next = std::min(next, now + fold);
    ++at;
  }
  return next;
}

absl::Status AuditLog::Await(const Entry& entry) {
  base::MutexLock lock(mu_);
  while (!entry->done) done_.Wait(mu_);
  return entry->status;
}

bool AuditLog::Healthy() const {
  base::MutexLock lock(mu_);
  return healthy_;
}

void AuditLog::Run() {
  while (true) {
    const Batch batch = TakeBatch();
    Finish(batch, Write(batch));
    if (batch.last) return;
  }
}

bool AuditLog::CheckpointIsDue() const {
  return options_.key && unsigned_ &&
         (Steady::now() >= checkpoint_at_ || clock_.Now() >= checkpoint_time_);
}

AuditLog::Batch AuditLog::TakeBatch() {
  base::MutexLock lock(mu_);
  while (!stopping_) {
    Steady::time_point next = AddFolded(false);
    if (Steady::now() >= due_ || CheckpointIsDue()) break;
    next = std::min(next, due_);
    if (options_.key && unsigned_) next = std::min(next, checkpoint_at_);
    if (next == Steady::time_point::max()) {
      wake_.Wait(mu_);
    } else {
      wake_.WaitUntil(mu_, next);
    }
  }
  if (stopping_) AddFolded(true);
  Batch batch{.entries = std::exchange(queue_, {}), .last = stopping_};
  due_ = Steady::time_point::max();
  return batch;
}

absl::Status AuditLog::Write(const Batch& batch) {
  ChainEnd end = files_.end();
  std::string lines;
  for (const Entry& entry : batch.entries) {
    AddLine(options_.service, entry->record, end, lines);
  }
  if (batch.last) {
    AddLine(options_.service,
            {.event = AuditEvent::kStopped, .time = clock_.Now()}, end, lines);
  }
  unsigned_ = unsigned_ || !lines.empty();
  if (CheckpointIsDue() || (batch.last && options_.key)) {
    AuditLine line{
        .sequence = end.sequence,
        .previous = end.previous,
        .service = options_.service,
        .record = {.event = AuditEvent::kCheckpoint, .time = clock_.Now()}};
    const auto key = options_.key();
    const absl::Status made =
        key.ok() ? SignCheckpoint(*key, line) : key.status();
    if (made.ok()) {
      const std::string text = EncodeAuditLine(line);
      absl::StrAppend(&lines, text, "\n");
      end = {.sequence = end.sequence + 1, .previous = AuditLineHash(text)};
      unsigned_ = false;
    } else {
      log_.Error("audit_log_not_signed", {{"why", made}});
    }
    checkpoint_time_ = line.record.time + options_.checkpoint_interval;
    checkpoint_at_ =
        Steady::now() + absl::ToChronoNanoseconds(options_.checkpoint_interval);
  }
  if (lines.empty()) return absl::OkStatus();
  // The commit point: before it the decisions were not made; after it they are
  // on disk, whoever crashes.
  const absl::Status written = files_.Append(lines, end);
  if (!written.ok()) unsigned_ = true;
  return written;
}

void AuditLog::Finish(const Batch& batch, const absl::Status& status) {
  if (!status.ok()) log_.Error("audit_log_not_written", {{"why", status}});
  base::MutexLock lock(mu_);
  healthy_ = status.ok();
  std::vector<Entry> again;
  for (const Entry& entry : batch.entries) {
    if (status.ok() || entry->urgent) {
      entry->done = true;
      if (!status.ok()) {
        entry->status = absl::UnavailableError(
            "the audit log does not take the decision: repeat the request");
      }
    } else {
      again.push_back(entry);
    }
  }
  if (!again.empty() && !batch.last) {
    queue_.insert(queue_.begin(), std::make_move_iterator(again.begin()),
                  std::make_move_iterator(again.end()));
    due_ = std::min(due_, Steady::now() + absl::ToChronoMilliseconds(kRetry));
  }
  done_.NotifyAll();
}

}  // namespace chancery::rpc
