#ifndef CHANCERY_AUTHORITY_ISSUE_GROUPS_H_
#define CHANCERY_AUTHORITY_ISSUE_GROUPS_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "authority/orders.h"
#include "base/mutex.h"
#include "rpc/identity.h"

namespace chancery::authority {

// One caller's order, and how they are answered.
struct IssueCall {
  IssueOrder order = {};
  rpc::Identity caller = {};
  // Whether nobody waits for the answer any more.
  std::function<bool()> gone = [] { return false; };
  // Called once, in any thread.
  std::function<void(absl::StatusOr<Issued>)> answer;
};

// Orders that come while others are carried out are carried out together: so
// signer, ledger, inventory and responders see one batch where there were many
// clients. One that comes alone waits for nobody; after a group of many the
// next waits a little, until as many have come. No caller's thread waits; the
// next group begins before the one before it is answered. Thread-safe.
class IssueGroups {
 public:
  // The answers to the calls, in their order. One group at a time.
  using Carry = std::function<std::vector<absl::StatusOr<Issued>>(
      const std::vector<IssueCall>&)>;

  struct Options {
    size_t max_calls = 128;  // Of one group.
    // Beyond these, calls are refused: ResourceExhausted.
    size_t max_waiting = 4096;
  };

  IssueGroups(Carry carry, Options options);
  // Carries out and answers what was added.
  ~IssueGroups();
  IssueGroups(const IssueGroups&) = delete;
  IssueGroups& operator=(const IssueGroups&) = delete;

  // Returns at once.
  void Add(IssueCall call);

 private:
  // Group after group, until the end. Two threads do it in turn.
  void Work();
  // Waits a little for those who were here a moment ago: most of them come
  // back when they have been answered, and a group costs as much as some ten
  // certificates.
  void Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Carry carry_;
  const Options options_;

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<IssueCall> waiting_ ABSL_GUARDED_BY(mu_);
  base::CondVar gathered_;
  // How many callers there seem to be: those of the last group, and those who
  // had come when it was done.
  size_t expected_ ABSL_GUARDED_BY(mu_) = 0;
  // For how long they are waited for: as long as the last group took.
  std::chrono::steady_clock::duration patience_ ABSL_GUARDED_BY(mu_){};
  bool carrying_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_ISSUE_GROUPS_H_
