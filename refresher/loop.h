#ifndef CHANCERY_REFRESHER_LOOP_H_
#define CHANCERY_REFRESHER_LOOP_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpc/process.h"

namespace chancery::refresher {

// Does something again and again on a thread of its own, until the process is
// to stop. Says when it begins to fail, each minute that it fails, and when it
// works again.
class Loop {
 public:
  // `step` returns true to be called again at once, otherwise it is called
  // after `interval`; after errors, after 0.2 seconds and then twice as long
  // each time, up to 5. What it uses must outlive this object.
  Loop(std::string name, rpc::Process& process, absl::Duration interval,
       std::function<absl::StatusOr<bool>()> step);
  // Waits for the thread; the process must have been asked to stop.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  void Work();

  const std::string name_;
  rpc::Process& process_;
  const absl::Duration interval_;
  const std::function<absl::StatusOr<bool>()> step_;
  std::thread thread_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_LOOP_H_
