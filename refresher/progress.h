#ifndef CHANCERY_REFRESHER_PROGRESS_H_
#define CHANCERY_REFRESHER_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "rpc/log.h"

namespace chancery::refresher {

// A bar with rate and remaining time on a terminal's stderr; for everybody else
// a log line when a stage begins and then each minute. One thread at a time.
class Progress {
 public:
  // Both must outlive this object.
  Progress(const base::Clock& clock, const rpc::Log& log, bool terminal)
      : clock_(clock), log_(log), terminal_(terminal) {}
  ~Progress();

  void Report(absl::string_view stage, uint64_t done, uint64_t total);

 private:
  absl::Duration Elapsed(uint64_t done, absl::Time now) const;

  const base::Clock& clock_;
  const rpc::Log& log_;
  const bool terminal_;
  std::string stage_;
  absl::Time begun_at_ = absl::InfinitePast();  // Of the stage.
  uint64_t begun_with_ = 0;
  size_t shown_ = 0;  // The line's length.
  absl::Time say_again_ = absl::InfinitePast();
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PROGRESS_H_
