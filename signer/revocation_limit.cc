#include "signer/revocation_limit.h"

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "ledger/entry.h"

namespace chancery::signer {
namespace {

constexpr int64_t kHour = 3600;
constexpr size_t kPageBytes = 4 << 20;
constexpr size_t kPageEntries = 10'000;

absl::StatusOr<ledger::Entry> Parse(const std::string& bytes) {
  auto entry = ledger::ParseEntry(base::AsBytes(bytes));
  if (entry.ok()) return entry;
  return absl::DataLossError(
      absl::StrCat("ledger: an entry is damaged: ", entry.status().message()));
}

// The first entry that was made after `time`; all of one write have the same.
absl::StatusOr<uint64_t> FirstAfter(const Ledger& ledger, absl::Time time,
                                    uint64_t size) {
  uint64_t low = 0, high = size;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const EntryRange one, ledger.ReadEntries(middle, 1, 1));
    if (one.entries.empty()) return absl::DataLossError("ledger: it shrank");
    ASSIGN_OR_RETURN(const ledger::Entry entry, Parse(one.entries.front()));
    if (entry.time > time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool Counts(const ledger::StatusEntry& status) {
  // An import has no request id; it is a role of its own, off by default.
  return status.change != ledger::StatusChange::kRelease &&
         !status.origin.request_id.empty();
}

std::string Text(int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

}  // namespace

absl::Status RevocationLimit::CountFrom(const Ledger& ledger) {
  const TreeHead head = ledger.Head();
  if (head.size == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      uint64_t next,
      FirstAfter(ledger, head.last_time - absl::Seconds(kHour + 1), head.size));
  uint64_t ordered = 0;  // Entries left that an order exempts.
  while (next < head.size) {
    ASSIGN_OR_RETURN(const EntryRange page,
                     ledger.ReadEntries(next, kPageBytes, kPageEntries));
    if (page.entries.empty()) return absl::DataLossError("ledger: it shrank");
    for (const std::string& bytes : page.entries) {
      ASSIGN_OR_RETURN(const ledger::Entry entry, Parse(bytes));
      ++next;
      if (const auto* order = std::get_if<ledger::OrderEntry>(&entry.body)) {
        ordered = order->count;
      } else if (ordered > 0) {
        --ordered;
      } else if (const auto* status =
                     std::get_if<ledger::StatusEntry>(&entry.body);
                 status != nullptr && Counts(*status)) {
        Count(1, entry.time);
      }
    }
  }
  return absl::OkStatus();
}

uint64_t RevocationLimit::Recorded(absl::Time now) const {
  base::MutexLock lock(mu_);
  return RecordedSince(absl::ToUnixSeconds(now) - kHour);
}

uint64_t RevocationLimit::RecordedSince(int64_t unix_seconds) const {
  uint64_t recorded = 0;
  for (const Second& one : hour_) {
    if (one.unix_seconds > unix_seconds) recorded += one.count;
  }
  return recorded;
}

absl::Status RevocationLimit::Check(uint64_t more, absl::Time now) const {
  const int64_t second = absl::ToUnixSeconds(now);
  base::MutexLock lock(mu_);
  const uint64_t recorded = RecordedSince(second - kHour);
  if (recorded + more <= per_hour_) return absl::OkStatus();
  std::string when = "that many never are without an order";
  uint64_t left = recorded;
  for (const Second& one : hour_) {
    if (one.unix_seconds + kHour <= second) continue;
    left -= one.count;
    if (left + more > per_hour_) continue;
    when = absl::StrCat(more == 1 ? "the next is" : "they are", " allowed at ",
                        Text(one.unix_seconds + kHour));
    break;
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "limit: max_revocations_per_hour is ", per_hour_, ", ", recorded,
      " were recorded in the last hour and ", more, " more ",
      more == 1 ? "is" : "are", " asked for: ", when,
      "; an order signed by a second identity (`chancery order`) lifts it"));
}

void RevocationLimit::Count(uint64_t number, absl::Time now) {
  const int64_t second = absl::ToUnixSeconds(now);
  base::MutexLock lock(mu_);
  while (!hour_.empty() && hour_.front().unix_seconds + kHour <= second) {
    hour_.pop_front();
  }
  if (hour_.empty() || hour_.back().unix_seconds != second) {
    hour_.push_back({.unix_seconds = second, .count = 0});
  }
  hour_.back().count += number;
}

}  // namespace chancery::signer
