#include "authority/issue_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/testing/status_matchers.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::SizeIs;

// Carries out orders when it is let; keeps how they came together.
class Gate {
 public:
  std::vector<absl::StatusOr<Issued>> Carry(
      const std::vector<IssueOrder>& orders) {
    base::MutexLock lock(mu_);
    groups_.push_back(orders.size());
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mu_);
    --at_once_;
    std::vector<absl::StatusOr<Issued>> answers;
    for (const IssueOrder& order : orders) {
      if (order.profile == "bad") {
        answers.push_back(absl::NotFoundError(order.request_id));
      } else {
        Issued issued;
        issued.certificate.request_id = order.request_id;
        answers.push_back(std::move(issued));
      }
    }
    return answers;
  }
  void Open() {
    base::MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  void AwaitGroups(size_t count) {
    base::MutexLock lock(mu_);
    while (groups_.size() < count) changed_.Wait(mu_);
  }
  std::vector<size_t> groups() {
    base::MutexLock lock(mu_);
    return groups_;
  }
  int most_at_once() {
    base::MutexLock lock(mu_);
    return most_at_once_;
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  int at_once_ ABSL_GUARDED_BY(mu_) = 0;
  int most_at_once_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<size_t> groups_ ABSL_GUARDED_BY(mu_);
};

class IssueGroupsTest : public ::testing::Test {
 protected:
  void Start(IssueGroups::Options options) {
    groups_ = std::make_unique<IssueGroups>(
        [this](const std::vector<IssueOrder>& orders) {
          return gate_.Carry(orders);
        },
        options);
  }
  void Ask(const std::string& id, const std::string& profile = "good") {
    callers_.emplace_back([=, this] {
      const auto issued =
          groups_->Issue({.request_id = id, .profile = profile});
      if (profile == "bad") {
        EXPECT_THAT(issued, StatusIs(absl::StatusCode::kNotFound, id));
        return;
      }
      ASSERT_THAT(issued, IsOk());
      EXPECT_EQ(issued->certificate.request_id, id);
    });
  }
  void Join() {
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
  }

  Gate gate_;
  std::unique_ptr<IssueGroups> groups_;
  std::vector<std::thread> callers_;
};

TEST_F(IssueGroupsTest, OneThatComesAloneWaitsForNobody) {
  Start({});
  gate_.Open();
  for (int i = 0; i < 3; ++i) {
    Ask(absl::StrCat(i));
    Join();
  }
  EXPECT_THAT(gate_.groups(), ElementsAre(1, 1, 1));
}

TEST_F(IssueGroupsTest, WhoComesMeanwhileIsCarriedOutTogether) {
  Start({.max_orders = 100, .max_groups = 1});
  Ask("first");
  gate_.AwaitGroups(1);
  for (int i = 0; i < 40; ++i) Ask(absl::StrCat(i), i % 3 ? "good" : "bad");
  // All of them wait by then, or come a little later: in few groups.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.groups(), SizeIs(Le(20)));
  EXPECT_EQ(gate_.most_at_once(), 1);
}

TEST_F(IssueGroupsTest, KeepsItsLimits) {
  Start({.max_orders = 5, .max_groups = 3});
  for (int i = 0; i < 3; ++i) {
    Ask(absl::StrCat("first ", i));
    gate_.AwaitGroups(i + 1);
  }
  for (int i = 0; i < 60; ++i) Ask(absl::StrCat(i));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_THAT(gate_.groups(), ElementsAre(1, 1, 1));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.groups(), Each(Le(5u)));
  EXPECT_LE(gate_.most_at_once(), 3);
}

}  // namespace
}  // namespace chancery::authority
