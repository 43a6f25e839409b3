#include "audit/head_check.h"

#include "audit/testing/feed.h"
#include "base/bytes.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;
using testing::Feed;
using testing::Summary;

// Heads as whoever has the real manifest key can make them.
class HeadCheckTest : public ::testing::Test {
 protected:
  HeadCheckTest() {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(world_.Issue("order " + std::to_string(i)).ok());
    }
    const auto tree = world_.signer.ledger().Head();
    head_ = {.time = world_.now(),
             .ledger_size = tree.size,
             .ledger_root = tree.root,
             .reflected_size = tree.size};
    Replay replay({});
    EXPECT_EQ(Summary(Feed(world_).ReplayInto(replay)), "");
    for (const AuditedBlock& block : replay.blocks().blocks()) {
      block::BlockId id{};
      std::copy(block.id.begin(), block.id.end(), id.begin());
      index_.versions.push_back({id, block.newest()->version});
    }
  }

  std::string Check(const crypto::SigningKey& key) {
    Findings findings;
    const auto made = *block::SignHead(head_, index_, key);
    const auto opened = CheckHeadSignature(made, testing::KeysOf(world_),
                                           "inventory", findings);
    if (!opened.has_value()) return Summary(findings);
    Replay replay({});
    replay.Watch(opened->head.ledger_size);
    findings.Absorb(Feed(world_).ReplayInto(replay));
    CheckHead(replay, *opened, "inventory", findings);
    return Summary(findings);
  }
  std::string Check() { return Check(*world_.pki.manifest_key()); }

  SignerWorld world_;
  block::Head head_;
  block::Index index_;
};

TEST_F(HeadCheckTest, OneThatFollowsFromTheLedger) {
  EXPECT_EQ(Check(), "");
  // Also once the ledger has gone on.
  ASSERT_TRUE(world_.Issue("later").ok());
  EXPECT_EQ(Check(), "");
}

TEST_F(HeadCheckTest, OneOfAnotherKey) {
  EXPECT_EQ(Check(**crypto::GenerateKey({crypto::KeyType::kEcP256})),
            "head-not-verified x1");
}

TEST_F(HeadCheckTest, AnotherRoot) {
  head_.ledger_root[0] ^= 1;
  EXPECT_EQ(Check(), "head-root-differs x1");
}

TEST_F(HeadCheckTest, AnOldVersionOrABlockLeftOut) {
  index_.versions[0].second -= 1;
  EXPECT_EQ(Check(), "head-index-differs x1");
  index_.versions.pop_back();
  EXPECT_EQ(Check(), "head-index-differs x2");
}

TEST_F(HeadCheckTest, ALedgerThatIsBehind) {
  head_.ledger_size += 1;
  head_.reflected_size += 1;
  EXPECT_EQ(Check(), "ledger-went-back x1");
}

}  // namespace
}  // namespace chancery::audit
