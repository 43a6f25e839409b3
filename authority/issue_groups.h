#ifndef CHANCERY_AUTHORITY_ISSUE_GROUPS_H_
#define CHANCERY_AUTHORITY_ISSUE_GROUPS_H_

#include <cstddef>
#include <functional>
#include <list>
#include <vector>

#include "absl/status/statusor.h"
#include "authority/orders.h"
#include "base/mutex.h"

namespace chancery::authority {

// Orders that come while others are carried out are carried out together, by
// the thread of one of their callers: so signer, ledger, inventory and
// responders see one batch where there were many clients. One that comes alone
// waits for nobody. Thread-safe.
class IssueGroups {
 public:
  // Answers the orders, in their order. Called from several threads at once.
  using Carry = std::function<std::vector<absl::StatusOr<Issued>>(
      std::vector<IssueOrder>)>;

  struct Options {
    size_t max_orders = 128;  // Of one group.
    // Groups that are under way at once. One makes the largest groups, which
    // costs least for each certificate.
    size_t max_groups = 1;
  };

  IssueGroups(Carry carry, Options options)
      : carry_(std::move(carry)), options_(options) {}
  IssueGroups(const IssueGroups&) = delete;
  IssueGroups& operator=(const IssueGroups&) = delete;

  absl::StatusOr<Issued> Issue(IssueOrder order);

 private:
  struct Pending;

  bool MayLead(const Pending& pending) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Carries out what waits. Releases `mu_` meanwhile.
  void LeadGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Carry carry_;
  const Options options_;

  base::Mutex mu_;
  // In the order in which they came.
  std::list<Pending*> waiting_ ABSL_GUARDED_BY(mu_);
  size_t groups_ ABSL_GUARDED_BY(mu_) = 0;  // Under way.
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_ISSUE_GROUPS_H_
