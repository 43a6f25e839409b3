// One responder's place taken by the next, without a request lost.
//
// The next process connects to the Unix socket of the one that serves, and:
//
//   old: stops taking updates, lets go of its cache folder, passes its
//   listening
//        sockets, and goes on answering from memory
//   new: reads the cache, answers from the same sockets, says that it does
//   old: accepts no more, passes connections that are between two requests,
//        answers the requests that have arrived, and ends
//   new: takes updates once the old process is gone, so that what it says it
//        has is what every client sees
//
// If the new process ends before it answers, the old one takes all up again.
#ifndef CHANCERY_RESPONDER_HANDOVER_H_
#define CHANCERY_RESPONDER_HANDOVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fd.h"
#include "rpc/log.h"

namespace chancery::responder {

// As many listening sockets as one message can carry (SCM_MAX_FD).
inline constexpr size_t kMaxHandedOver = 253;

// As many octets as the path of a Unix socket has room for.
inline constexpr size_t kMaxHandoverPath = 107;

// The process that serves, seen by the one that is to follow it.
// Thread-compatible.
class Predecessor {
 public:
  // nullopt: nobody listens at `path`. PermissionDenied: a process of another
  // user does. Unavailable: anything else.
  static absl::StatusOr<std::optional<Predecessor>> Find(
      const std::string& path);

  // Its listening sockets; returns when it has let go of all else.
  absl::StatusOr<std::vector<base::Fd>> TakeSockets();
  // Says that the sockets are served; hands each connection that it gives up to
  // `adopt`, and returns when the process is gone, or no longer answers anyone.
  absl::Status TakeOver(absl::FunctionRef<void(base::Fd)> adopt);

 private:
  explicit Predecessor(base::Fd connection)
      : connection_(std::move(connection)) {}
  base::Fd connection_;
};

// Waits for a successor beside everything else. One at a time.
class SuccessorListener {
 public:
  // Called from a thread of the listener's, one after the other.
  struct Steps {
    // Lets go of everything but the HTTP server; its listening sockets.
    std::function<absl::StatusOr<std::vector<base::Fd>>()> release;
    // The successor went away: back to how it was before `release`.
    std::function<void()> resume;
    // The successor serves: stop accepting, and give up idle connections.
    std::function<std::vector<base::Fd>()> hand_over;
  };

  // A socket at `path`, mode 0600, for processes of the same user; one that
  // nobody listens at is replaced. `log` must outlive the object. Unavailable:
  // the socket cannot be made.
  static absl::StatusOr<std::unique_ptr<SuccessorListener>> Start(
      const std::string& path, Steps steps, const rpc::Log& log);
  // The successor sees the end of its predecessor.
  ~SuccessorListener();

 private:
  struct State;
  explicit SuccessorListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HANDOVER_H_
