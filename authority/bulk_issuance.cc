#include "authority/bulk_issuance.h"

#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace chancery::authority {
namespace {

// Batches that are under way at once.
constexpr size_t kWindow = 3;

struct Batch {
  std::vector<IssueOrder> orders = {};
  std::future<std::vector<absl::StatusOr<Issued>>> answers = {};
};

// Batches in their order, between who reads and who answers.
class Window {
 public:
  // Waits for room. False once answering has failed.
  bool Add(std::unique_ptr<Batch> batch) {
    base::MutexLock lock(mu_);
    if (!failed_) batches_.push_back(std::move(batch));
    changed_.NotifyAll();
    return !failed_;
  }
  void AwaitRoom() {
    base::MutexLock lock(mu_);
    while (!failed_ && batches_.size() + answering_ >= kWindow) {
      changed_.Wait(mu_);
    }
  }
  // The oldest; null at the end.
  std::unique_ptr<Batch> Take() {
    base::MutexLock lock(mu_);
    answering_ = 0;
    changed_.NotifyAll();
    while (batches_.empty() && !ended_) changed_.Wait(mu_);
    if (batches_.empty()) return nullptr;
    std::unique_ptr<Batch> batch = std::move(batches_.front());
    batches_.pop_front();
    answering_ = 1;
    return batch;
  }
  void End() {
    base::MutexLock lock(mu_);
    ended_ = true;
    changed_.NotifyAll();
  }
  void Fail() {
    base::MutexLock lock(mu_);
    failed_ = true;
    changed_.NotifyAll();
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<std::unique_ptr<Batch>> batches_ ABSL_GUARDED_BY(mu_);
  size_t answering_ ABSL_GUARDED_BY(mu_) = 0;  // Taken, and not answered yet.
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

absl::Status IssueMany(
    const IssueBatchFunction& issue,
    absl::FunctionRef<absl::StatusOr<std::optional<std::vector<IssueOrder>>>()>
        next,
    absl::FunctionRef<absl::Status(const std::vector<IssueOrder>& orders,
                                   const std::vector<absl::StatusOr<Issued>>&)>
        answer) {
  Window window;
  absl::Status answered;
  std::thread answering([&] {
    while (const std::unique_ptr<Batch> batch = window.Take()) {
      const auto answers = batch->answers.get();
      // What has begun is carried out, whether anybody hears of it or not.
      if (answered.ok()) answered = answer(batch->orders, answers);
      if (!answered.ok()) window.Fail();
    }
  });
  absl::Status read;
  while (true) {
    window.AwaitRoom();
    auto orders = next();
    if (!orders.ok() || !orders->has_value()) {
      read = orders.status();
      break;
    }
    auto batch = std::make_unique<Batch>();
    batch->orders = *std::move(*orders);
    batch->answers =
        std::async(std::launch::async,
                   [&issue, &orders = batch->orders] { return issue(orders); });
    if (!window.Add(std::move(batch))) break;
  }
  window.End();
  answering.join();
  return answered.ok() ? read : answered;
}

}  // namespace chancery::authority
