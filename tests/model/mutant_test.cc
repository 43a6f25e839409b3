// Linked with one source that has a bug in it (mutant.bzl): the model finds it.
#include <iostream>
#include <optional>

#include "gtest/gtest.h"
#include "tests/model/world.h"

namespace chancery::model {
namespace {

constexpr uint64_t kRuns = 500;

TEST(MutantTest, TheModelFindsTheBug) {
  const Stage stage = MakeStage();
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    const std::optional<Violation> violation = Play(stage, seed);
    if (violation.has_value()) {
      std::cout << "found by seed " << seed << ": " << violation->what << "\n";
      return;
    }
  }
  FAIL() << kRuns << " runs, and nothing was noticed";
}

}  // namespace
}  // namespace chancery::model
