#include "authority/bulk_issuance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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
using ::testing::ElementsAre;

class BulkIssuanceTest : public ::testing::Test {
 protected:
  using Orders = std::vector<IssueOrder>;
  using Answers = std::vector<absl::StatusOr<Issued>>;

  // `batches` batches, one order each; later ones are quicker.
  absl::Status Run(int batches) {
    int sent = 0;
    return IssueMany(
        [&](const Orders& orders) {
          const int now = ++at_once_;
          if (now > most_at_once_) most_at_once_ = now;
          std::this_thread::sleep_for(
              std::chrono::milliseconds(20 - 2 * issued_++ % 10));
          --at_once_;
          Issued issued;
          issued.certificate.request_id = orders[0].request_id;
          return Answers{issued};
        },
        [&]() -> absl::StatusOr<std::optional<Orders>> {
          if (sent == lost_after_) return absl::CancelledError("gone");
          if (sent == batches) return std::nullopt;
          return Orders{{.request_id = absl::StrCat(sent++)}};
        },
        [&](const Orders& orders, const Answers& answers) {
          EXPECT_EQ(answers.at(0)->certificate.request_id,
                    orders[0].request_id);
          if (static_cast<int>(answered_.size()) == deaf_after_) {
            return absl::CancelledError("deaf");
          }
          answered_.push_back(orders[0].request_id);
          return absl::OkStatus();
        });
  }

  int lost_after_ = -1;  // Batches; then `next` fails.
  int deaf_after_ = -1;  // Answers; then `answer` fails.
  std::vector<std::string> answered_;
  std::atomic<int> at_once_ = 0, most_at_once_ = 0, issued_ = 0;
};

TEST_F(BulkIssuanceTest, AFewAtOnceAreAnsweredInTheirOrder) {
  ASSERT_THAT(Run(12), IsOk());
  EXPECT_THAT(answered_, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7",
                                     "8", "9", "10", "11"));
  EXPECT_GE(most_at_once_, 2);
  EXPECT_LE(most_at_once_, 3);
}

TEST_F(BulkIssuanceTest, NothingIsNothing) {
  ASSERT_THAT(Run(0), IsOk());
  EXPECT_TRUE(answered_.empty());
}

TEST_F(BulkIssuanceTest, WhatWasSentBeforeTheCallerWasLostIsCarriedOut) {
  lost_after_ = 5;
  EXPECT_THAT(Run(12), StatusIs(absl::StatusCode::kCancelled, "gone"));
  EXPECT_EQ(issued_, 5);
  EXPECT_THAT(answered_, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(BulkIssuanceTest, NothingNewBeginsForACallerThatDoesNotListen) {
  deaf_after_ = 2;
  EXPECT_THAT(Run(1000), StatusIs(absl::StatusCode::kCancelled, "deaf"));
  EXPECT_THAT(answered_, ElementsAre("0", "1"));
  EXPECT_LE(issued_, 10);
}

}  // namespace
}  // namespace chancery::authority
