// A seed is a run: the same alone and after others, and in each process, so
// that what the model finds can be found again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>

#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/trace.h"
#include "tests/model/world.h"

namespace chancery::model {
namespace {

Trace Played(const Stage& stage, uint64_t seed) {
  Trace trace;
  const auto violation = Play(stage, seed, &trace);
  EXPECT_FALSE(violation.has_value())
      << "seed " << seed << ": " << violation->what;
  return trace;
}

// By line: a digest alone says nothing of what differs.
void ExpectSame(const Trace& one, const Trace& other, uint64_t seed) {
  const auto& a = one.lines();
  const auto& b = other.lines();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    ASSERT_EQ(a[i], b[i]) << "seed " << seed << ", line " << i;
  }
  EXPECT_EQ(a.size(), b.size()) << "seed " << seed;
  EXPECT_EQ(one.Digest(), other.Digest());
}

TEST(RepeatTest, ASeedIsTheSameAloneAndAfterOthers) {
  constexpr uint64_t kSeeds = 12;
  const Stage stage = MakeStage();
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    // After all that were played before it.
    const Trace among = Played(stage, seed);
    ASSERT_GT(among.lines().size(), 100u);
    const Trace again = Played(stage, seed);
    ExpectSame(among, again, seed);
    // As in a process of its own: other keys would have other names.
    if (seed % 4 == 0) ExpectSame(among, Played(MakeStage(), seed), seed);
    if (HasFatalFailure()) return;
  }
}

constexpr uint64_t kElsewhere = 7;

// Run by the next one, in a process that has done nothing else.
TEST(RepeatTest, DISABLED_PrintsADigest) {
  std::cout << "digest " << Played(MakeStage(), kElsewhere).Digest() << "\n";
}

TEST(RepeatTest, ASeedIsTheSameInAnotherProcess) {
  const Stage stage = MakeStage();
  (void)Played(stage, kElsewhere - 1);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string printed = crypto::testing::Shell(
      "env -u XML_OUTPUT_FILE -u TEST_PREMATURE_EXIT_FILE " + self +
      " --gtest_also_run_disabled_tests"
      " --gtest_filter=RepeatTest.DISABLED_PrintsADigest");
  EXPECT_THAT(printed, ::testing::HasSubstr(
                           "digest " + Played(stage, kElsewhere).Digest()));
}

// What is checked of faults says something only if they come.
TEST(RepeatTest, TheFaultsArePlayed) {
  const Stage stage = MakeStage();
  std::map<std::string, int> seen;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Trace trace = Played(stage, seed);
    for (const std::string& line : trace.lines()) {
      const size_t end = line.find(' ');
      if (line.starts_with("signer") || line.starts_with("other") ||
          line.starts_with("begins") || line.starts_with("superseded")) {
        ++seen[line];
      } else {
        ++seen[line.substr(0, end)];
      }
    }
  }
  for (const char* one :
       {"restored", "signer WAITS", "begins clone", "other WAITS",
        "begins standby", "other STANDBY", "promoted", "other FORKED",
        "superseded made something"}) {
    EXPECT_GT(seen[one], 0) << one;
  }
}

TEST(RepeatTest, AnotherSeedIsAnotherRun) {
  const Stage stage = MakeStage();
  EXPECT_NE(Played(stage, 1).Digest(), Played(stage, 2).Digest());
}

}  // namespace
}  // namespace chancery::model
