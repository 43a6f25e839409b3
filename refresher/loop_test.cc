#include "refresher/loop.h"

#include <future>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/log.h"

namespace chancery::refresher {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LoopTest : public ::testing::Test {
 protected:
  // Runs `step`, which is told how often it was called before, until it has
  // been called `times` times.
  template <typename Step>
  void Run(int times, absl::Duration interval, Step step) {
    std::promise<void> done;
    int calls = 0;
    Loop loop("work", process_, interval, [&]() -> absl::StatusOr<bool> {
      if (calls + 1 == times) {
        process_.RequestStop();
        done.set_value();
      }
      return step(calls++);
    });
    done.get_future().wait();
  }
  std::vector<std::string> Lines() const {
    return absl::StrSplit(lines_.str(), '\n', absl::SkipEmpty());
  }

  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  rpc::Process process_{clock_, log_};
};

// An hour's interval would be noticed.
TEST_F(LoopTest, GoesOnAtOnceWhileThereIsMore) {
  Run(100, absl::Hours(1), [](int) { return true; });
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(LoopTest, ComesBackAfterItsInterval) {
  Run(5, absl::Milliseconds(1), [](int) { return false; });
  EXPECT_THAT(Lines(), IsEmpty());
}

// The hour is for what went well.
TEST_F(LoopTest, ComesBackSoonAfterAnError) {
  Run(3, absl::Hours(1), [](int) -> absl::StatusOr<bool> {
    return absl::UnavailableError("away");
  });
}

TEST_F(LoopTest, EndsInTheMiddleOfAnInterval) {
  Run(1, absl::Hours(1), [](int) { return false; });
}

TEST_F(LoopTest, SaysWhenItFailsAndWhenItWorksAgain) {
  Run(5, absl::Milliseconds(1), [](int before) -> absl::StatusOr<bool> {
    if (before == 1 || before == 2) return absl::UnavailableError("away");
    return false;
  });
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          HasSubstr("WARNING fails loop=work why=\"UNAVAILABLE: away\""),
          HasSubstr("INFO works_again loop=work")));
}

TEST_F(LoopTest, SaysSoEachMinuteThatItFails) {
  Run(4, absl::Milliseconds(1), [this](int) -> absl::StatusOr<bool> {
    clock_.Advance(absl::Seconds(31));
    return absl::UnavailableError("away");
  });
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("fails"), HasSubstr("fails")));
}

}  // namespace
}  // namespace chancery::refresher
