#include "authority/issue_groups.h"

#include <optional>
#include <utility>

namespace chancery::authority {

// One caller, who waits.
struct IssueGroups::Pending {
  IssueOrder order;
  std::optional<absl::StatusOr<Issued>> answer = {};
  base::CondVar changed = {};
};

bool IssueGroups::MayLead(const Pending& pending) const {
  return groups_ < options_.max_groups && !waiting_.empty() &&
         waiting_.front() == &pending;
}

absl::StatusOr<Issued> IssueGroups::Issue(IssueOrder order) {
  Pending mine{.order = std::move(order)};
  base::MutexLock lock(mu_);
  waiting_.push_back(&mine);
  while (!mine.answer.has_value()) {
    if (MayLead(mine)) {
      LeadGroup();
    } else {
      mine.changed.Wait(mu_);
    }
  }
  return *std::move(mine.answer);
}

void IssueGroups::LeadGroup() {
  ++groups_;
  std::vector<Pending*> group;
  std::vector<IssueOrder> orders;
  while (!waiting_.empty() && group.size() < options_.max_orders) {
    group.push_back(waiting_.front());
    orders.push_back(std::move(group.back()->order));
    waiting_.pop_front();
  }
  // Who is left may lead the next.
  if (!waiting_.empty()) waiting_.front()->changed.NotifyOne();
  mu_.Unlock();
  std::vector<absl::StatusOr<Issued>> answers = carry_(std::move(orders));
  mu_.Lock();
  --groups_;
  for (size_t i = 0; i < group.size(); ++i) {
    group[i]->answer = std::move(answers[i]);
    group[i]->changed.NotifyOne();
  }
  if (!waiting_.empty()) waiting_.front()->changed.NotifyOne();
}

}  // namespace chancery::authority
