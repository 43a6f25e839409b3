#include "authority/issue_groups.h"

#include <chrono>
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
  came_.NotifyOne();
  while (!mine.answer.has_value()) {
    if (MayLead(mine)) {
      LeadGroup();
    } else {
      mine.changed.Wait(mu_);
    }
  }
  return *std::move(mine.answer);
}

// Clients that were answered together come back at about the same time.
void IssueGroups::Gather() {
  const auto until = std::chrono::steady_clock::now() +
                     absl::ToChronoMicroseconds(options_.gather);
  while (waiting_.size() < last_orders_ - last_orders_ / 8 &&
         came_.WaitUntil(mu_, until)) {
  }
}

void IssueGroups::LeadGroup() {
  ++groups_;
  Gather();
  std::vector<Pending*> group;
  std::vector<IssueOrder> orders;
  while (!waiting_.empty() && group.size() < options_.max_orders) {
    group.push_back(waiting_.front());
    orders.push_back(std::move(group.back()->order));
    waiting_.pop_front();
  }
  last_orders_ = group.size();
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
