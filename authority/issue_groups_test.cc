#include "authority/issue_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/testing/status_matchers.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;

// Carries out orders when it is let; keeps how they came together.
class Gate {
 public:
  std::vector<absl::StatusOr<Issued>> Carry(
      const std::vector<IssueCall>& calls) {
    base::MutexLock lock(mu_);
    groups_.push_back(calls.size());
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mu_);
    --at_once_;
    std::vector<absl::StatusOr<Issued>> answers;
    for (const IssueCall& call : calls) {
      if (call.order.profile == "bad") {
        answers.push_back(absl::NotFoundError(call.order.request_id));
      } else {
        Issued issued;
        issued.certificate.request_id = call.order.request_id;
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
        [this](const std::vector<IssueCall>& calls) {
          return gate_.Carry(calls);
        },
        options);
  }
  void Ask(const std::string& id, const std::string& profile = "good") {
    groups_->Add({.order = {.request_id = id, .profile = profile},
                  .answer = [=, this](absl::StatusOr<Issued> issued) {
                    base::MutexLock lock(mu_);
                    EXPECT_TRUE(answers_.emplace(id, std::move(issued)).second);
                    answered_.NotifyAll();
                  }});
  }
  absl::StatusOr<Issued> AnswerTo(const std::string& id) {
    base::MutexLock lock(mu_);
    while (!answers_.contains(id)) answered_.Wait(mu_);
    return answers_.at(id);
  }

  Gate gate_;
  base::Mutex mu_;
  base::CondVar answered_;
  std::map<std::string, absl::StatusOr<Issued>> answers_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<IssueGroups> groups_;
};

TEST_F(IssueGroupsTest, OneThatComesAloneWaitsForNobody) {
  Start({});
  gate_.Open();
  for (int i = 0; i < 3; ++i) {
    Ask(absl::StrCat(i));
    EXPECT_THAT(AnswerTo(absl::StrCat(i)), IsOk());
  }
  EXPECT_THAT(gate_.groups(), ElementsAre(1, 1, 1));
}

TEST_F(IssueGroupsTest, WhoComesMeanwhileIsCarriedOutTogether) {
  Start({});
  Ask("first");
  gate_.AwaitGroups(1);
  for (int i = 0; i < 40; ++i) Ask(absl::StrCat(i), i % 3 ? "good" : "bad");
  gate_.Open();
  for (int i = 0; i < 40; ++i) {
    const std::string id = absl::StrCat(i);
    const auto answer = AnswerTo(id);
    if (i % 3 == 0) {
      EXPECT_THAT(answer, StatusIs(absl::StatusCode::kNotFound, id));
      continue;
    }
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->certificate.request_id, id);
  }
  EXPECT_THAT(gate_.groups(), ElementsAre(1, 40));
}

TEST_F(IssueGroupsTest, KeepsItsLimits) {
  Start({.max_calls = 5, .max_waiting = 12});
  Ask("first");
  gate_.AwaitGroups(1);
  for (int i = 0; i < 13; ++i) Ask(absl::StrCat(i));
  EXPECT_THAT(AnswerTo("12"),
              StatusIs(absl::StatusCode::kResourceExhausted, "too many calls"));
  gate_.Open();
  for (int i = 0; i < 12; ++i) EXPECT_THAT(AnswerTo(absl::StrCat(i)), IsOk());
  EXPECT_THAT(gate_.groups(), ElementsAre(1, 5, 5, 2));
  EXPECT_EQ(gate_.most_at_once(), 1);
}

TEST_F(IssueGroupsTest, AnswersEveryoneBeforeItEnds) {
  Start({.max_calls = 2});
  Ask("first");
  gate_.AwaitGroups(1);
  for (int i = 0; i < 7; ++i) Ask(absl::StrCat(i));
  gate_.Open();
  groups_.reset();
  base::MutexLock lock(mu_);
  EXPECT_EQ(answers_.size(), 8u);
}

// Whoever answers may take its time: the next group does not wait for that.
TEST_F(IssueGroupsTest, TheNextGroupBeginsBeforeTheLastIsAnswered) {
  Start({});
  gate_.Open();
  groups_->Add({.order = {.request_id = "slow"},
                .answer = [this](const absl::StatusOr<Issued>&) {
                  Ask("next");
                  EXPECT_THAT(AnswerTo("next"), IsOk());
                  base::MutexLock lock(mu_);
                  answers_.emplace("slow", Issued());
                  answered_.NotifyAll();
                }});
  EXPECT_THAT(AnswerTo("slow"), IsOk());
}

}  // namespace
}  // namespace chancery::authority
