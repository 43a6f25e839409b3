#ifndef CHANCERY_SIGNER_REVOCATION_LIMIT_H_
#define CHANCERY_SIGNER_REVOCATION_LIMIT_H_

#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// How many revocations and holds may be recorded in any hour unless a second
// identity ordered them (TRUST 2): what bounds a thief of the authority.
// Releases and imports do not count, nor does a repetition that changes
// nothing.
//
//   ledger.Execute([&](Transaction& tx) -> absl::Status {
//     RETURN_IF_ERROR(limit.Check(1, tx.time()));
//     RETURN_IF_ERROR(tx.Append(revocation).status());
//     limit.Count(1, tx.time());  // Last: nothing fails after it.
//     return absl::OkStatus();
//   });
//
// Commands run one after another, so what was checked still holds when it is
// counted. A write that fails leaves too high a count, and a ledger that has to
// be opened again, which counts again. Thread-safe.
class RevocationLimit {
 public:
  static constexpr uint64_t kDefaultPerHour = 1000;

  explicit RevocationLimit(uint64_t per_hour) : per_hour_(per_hour) {}

  // Counts what the ledger says of its last hour: to be called once, before
  // anything is recorded. The hour's begin is searched, then it is read.
  // Unavailable and DataLoss as from the ledger.
  absl::Status CountFrom(const Ledger& ledger);

  // Whether `more` may be recorded at `now`. ResourceExhausted says what the
  // limit is, when they will fit, and what lifts it.
  absl::Status Check(uint64_t more, absl::Time now) const;
  void Count(uint64_t number, absl::Time now);

  uint64_t per_hour() const { return per_hour_; }
  // What was recorded in the hour before `now`.
  uint64_t Recorded(absl::Time now) const;

 private:
  // Of one second: it counts until an hour later.
  struct Second {
    int64_t unix_seconds = 0;
    uint64_t count = 0;
  };

  uint64_t RecordedSince(int64_t unix_seconds) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const uint64_t per_hour_;
  mutable base::Mutex mu_;
  std::deque<Second> hour_ ABSL_GUARDED_BY(mu_);  // The oldest first.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_LIMIT_H_
