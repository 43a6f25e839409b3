// What a responder's blocks are after a start, whatever was done to the store.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "block/block.h"
#include "block/record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/block_rows.h"
#include "responder/cache/testing/block_cache_fixture.h"
#include "responder/cache/testing/issuer.h"
#include "responder/ocsp_source.h"

namespace chancery::responder {
namespace {

using block::Record;
using ::testing::HasSubstr;
using testing::Issuer;

class BlockCacheLoadTest : public testing::BlockCacheFixture {};

TEST_P(BlockCacheLoadTest, IsTheSameAfterARestart) {
  auto block = issuer_.MakeBlock(100, issuer_.Good(8), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(
      sibling_.Whole(sibling_.MakeBlock(5, sibling_.Good(3), *manifest_key_)));
  // More than are kept as deltas.
  for (int i = 0; i < 70; ++i) {
    auto next = Revoke(block, static_cast<uint32_t>(i % 8));
    Accept(Issuer::Of(next.delta));
    block = std::move(next.block);
    if (i % 23 == 0) Restart();
  }
  Restart();
  EXPECT_EQ(Find(issuer_, 3), Response(block, 3));
  EXPECT_TRUE(Find(sibling_, 2).has_value());
  const BlockCache::Totals totals = responder_->blocks.Count();
  EXPECT_EQ(totals.blocks, 2u);
  EXPECT_EQ(totals.certificates, 11u);
  EXPECT_EQ(totals.newest_version, 170u);
  EXPECT_EQ(lines_.str(), "");
}

TEST_P(BlockCacheLoadTest, DropsRowsThatAreDamaged) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(Issuer::Of(Revoke(block, 1).delta));
  const auto rows = store_.Rows();
  ASSERT_EQ(rows.size(), 3u);  // Template, block, delta.
  for (const auto& [damaged, value] : rows) {
    for (const auto& [key, honest] : rows)
      ASSERT_TRUE(store_.Put(key, honest).ok());
    std::string changed = value;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    ASSERT_TRUE(store_.Put(damaged, changed).ok());
    Restart();
    EXPECT_FALSE(store_.Rows().contains(damaged) &&
                 store_.Rows().at(damaged) == changed);
    const bool has_block = damaged[0] == '3';
    EXPECT_EQ(Find(issuer_, 1),
              has_block ? std::optional(Response(block, 1)) : std::nullopt);
    EXPECT_EQ(responder_->blocks.Blocks().size(), has_block ? 1u : 0u);
  }
}

// As by somebody who can write to the folder: the row is whole, and the one
// record that is looked at at the start is right.
TEST_P(BlockCacheLoadTest, DropsALoadedBlockThatItsManifestDoesNotCommitTo) {
  const auto honest = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  Accept(issuer_.Whole(honest));
  std::vector<Record> records = honest.Records();
  std::swap(records[1].signatures, records[2].signatures);
  const auto forged = block::Block::Make(
      honest.signed_manifest(), honest.manifest(), honest.templates(), records);
  ASSERT_TRUE(
      store_.Put(BlockRow(honest.manifest().block_id), SealRow(forged.Encode()))
          .ok());
  Restart();
  EXPECT_TRUE(Find(issuer_, 1).has_value());
  const OcspOrigin of_the_forged = found_.origin;
  EXPECT_TRUE(responder_->blocks.Holds(of_the_forged));
  block::BlockId dropped{};
  responder_->blocks.CheckLoaded(
      [] { return false; }, [&](const block::BlockId& id) { dropped = id; });
  EXPECT_EQ(dropped, honest.manifest().block_id);
  EXPECT_EQ(Find(issuer_, 1), std::nullopt);
  EXPECT_FALSE(responder_->blocks.Holds(of_the_forged));
  EXPECT_TRUE(responder_->blocks.Blocks().empty());
  EXPECT_EQ(responder_->blocks.Count().certificates, 0u);
  EXPECT_FALSE(store_.Rows().contains(BlockRow(honest.manifest().block_id)));
  EXPECT_THAT(lines_.str(), HasSubstr("block_dropped"));

  Accept(issuer_.Whole(honest));
  EXPECT_EQ(Find(issuer_, 1), Response(honest, 1));
  // Though of the same block and version.
  EXPECT_FALSE(responder_->blocks.Holds(of_the_forged));
  responder_->blocks.CheckLoaded([] { return false; },
                                 [](const block::BlockId&) { FAIL(); });
  EXPECT_EQ(Find(issuer_, 1), Response(honest, 1));
}

TEST_P(BlockCacheLoadTest, LeavesOutAtTheStartWhatTheKeySetNoLongerCovers) {
  Accept(
      issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *manifest_key_)));
  keys_.keys[0].issuers = {sibling_.id()};
  Restart();
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
  EXPECT_TRUE(store_.Rows().empty());
}

INSTANTIATE_TEST_SUITE_P(Memory, BlockCacheLoadTest, ::testing::Bool(),
                         testing::NameOfStorage);

}  // namespace
}  // namespace chancery::responder
