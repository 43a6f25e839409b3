#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/model/world.h"

namespace chancery::model {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// CHANCERY_MODEL_SEED and CHANCERY_MODEL_RUNS repeat a run, or play more.
class ModelTest : public ::testing::TestWithParam<uint64_t> {};

constexpr uint64_t kParts = 4;  // For shards.

TEST_P(ModelTest, NothingAcknowledgedIsEverLostOrContradicted) {
  const Stage stage = MakeStage();
  const uint64_t first = FromEnvironment("CHANCERY_MODEL_SEED", 1);
  const uint64_t runs = FromEnvironment("CHANCERY_MODEL_RUNS", 2000);
  for (uint64_t seed = first + GetParam(); seed < first + runs;
       seed += kParts) {
    const std::optional<Violation> violation = Play(stage, seed);
    ASSERT_FALSE(violation.has_value())
        << violation->log << "seed " << seed << ": " << violation->what;
  }
}
INSTANTIATE_TEST_SUITE_P(Parts, ModelTest,
                         ::testing::Range<uint64_t>(0, kParts));

}  // namespace
}  // namespace chancery::model
