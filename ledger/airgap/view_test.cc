#include "ledger/airgap/view.h"

#include <string>
#include <utility>

#include "chancery/airgap/v1/airgap.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::airgap {
namespace {

using ::testing::Contains;
using ::testing::Pair;

// Whoever approves a revocation offline reads the name, as everywhere else.
TEST(FactsOfTest, ARevocationHasItsReasonsName) {
  v1::Record record;
  record.mutable_revoke()->set_reason(1);
  EXPECT_THAT(FactsOf(record), Contains(Pair("reason", "keyCompromise")));
  record.mutable_revoke()->set_reason(4);
  EXPECT_THAT(FactsOf(record), Contains(Pair("reason", "superseded")));
}

}  // namespace
}  // namespace chancery::airgap
