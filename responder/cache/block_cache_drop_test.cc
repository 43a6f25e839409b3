// When a responder's blocks go: their key may sign no more, or all of them has
// ended.
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/block.h"
#include "block/record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/block_rows.h"
#include "responder/cache/testing/block_cache_fixture.h"
#include "responder/cache/testing/issuer.h"

namespace chancery::responder {
namespace {

using block::Record;
using ::testing::IsEmpty;
using testing::NewKey;
using ::testing::SizeIs;

constexpr absl::Time kNow = testing::kIssuerTime;

class BlockCacheDropTest : public testing::BlockCacheFixture {};

// TRUST 4: "blocks under a removed key are refused until signed again".
TEST_P(BlockCacheDropTest, DropsWhatIsUnderARemovedKey) {
  const auto next_key = NewKey();
  const auto old = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(old));
  keys_.version = 2;
  keys_.keys.push_back(keys_.keys.front());
  keys_.keys.back().spki = base::ToString(next_key->public_key().spki());
  responder_->ring.Replace(keys_);
  const auto fresh = sibling_.MakeBlock(7, sibling_.Good(1), *next_key);
  Accept(sibling_.Whole(fresh));
  responder_->blocks.DropUnbelieved([](const block::BlockId&) { FAIL(); });

  keys_.version = 3;
  keys_.keys.erase(keys_.keys.begin());
  responder_->ring.Replace(keys_);
  std::vector<block::BlockId> dropped;
  responder_->blocks.DropUnbelieved(
      [&](const block::BlockId& id) { dropped.push_back(id); });
  EXPECT_EQ(dropped, std::vector{old.manifest().block_id});
  EXPECT_EQ(Find(issuer_, 1), std::nullopt);
  EXPECT_EQ(Find(sibling_, 0), Response(fresh, 0));
  EXPECT_FALSE(store_.Rows().contains(BlockRow(old.manifest().block_id)));
  Refuse(issuer_.Whole(old), "key set");
  const auto again = issuer_.MakeBlock(101, issuer_.Good(2), *next_key);
  Accept(issuer_.Whole(again));
  EXPECT_EQ(Find(issuer_, 1), Response(again, 1));
}

// A key that was retired signs until its time is over.
TEST_P(BlockCacheDropTest, DropsWhatIsUnderAKeyWhoseTimeIsOver) {
  Accept(
      issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *manifest_key_)));
  keys_.keys.front().not_after = kNow + absl::Minutes(5);
  responder_->ring.Replace(keys_);
  responder_->blocks.DropUnbelieved([](const block::BlockId&) { FAIL(); });
  clock_.Advance(absl::Minutes(6));
  int dropped = 0;
  responder_->blocks.DropUnbelieved([&](const block::BlockId&) { ++dropped; });
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
}

TEST_P(BlockCacheDropTest, KeepsTheVersionOfABlockThatHasNoRecordsLeft) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(issuer_.Whole(
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_)));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Find(issuer_, 0), std::nullopt);
    EXPECT_EQ(responder_->blocks.Count().certificates, 0u);
    EXPECT_EQ(Apply(issuer_.Whole(block)).version, 101u);
    Restart();
  }
}

TEST_P(BlockCacheDropTest, DropsABlockADayAfterTheLastOfItHasEnded) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  const auto ended =
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  const absl::Time end =
      ended.manifest().next_update + absl::Hours(24) - absl::Seconds(1);
  clock_.Advance(end - clock_.Now());
  responder_->blocks.DropEnded();  // It has records: a refresh may yet come.
  Accept(issuer_.Whole(ended));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
  Restart();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
  clock_.Advance(absl::Seconds(1));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), IsEmpty());
  Restart();
  EXPECT_THAT(responder_->blocks.Blocks(), IsEmpty());
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
}

// An open block may get members after all before them have gone.
TEST_P(BlockCacheDropTest, ABlockThatWasDroppedComesBack) {
  const auto ended =
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_);
  Accept(issuer_.Whole(ended));
  clock_.Advance(ended.manifest().next_update + absl::Hours(24) - clock_.Now());
  responder_->blocks.DropEnded();
  const auto block = issuer_.MakeBlock(102, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  EXPECT_EQ(Find(issuer_, 0), Response(block, 0));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Memory, BlockCacheDropTest, ::testing::Bool(),
                         testing::NameOfStorage);

}  // namespace
}  // namespace chancery::responder
