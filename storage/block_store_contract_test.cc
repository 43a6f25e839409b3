#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "storage/inventory_contract_test.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BlockStoreTest : public InventoryContractTest {
 protected:
  // Block `number` is due at kNow + `number` minutes.
  static BlockRow Numbered(int number) {
    BlockRow block = Block(1);
    block.block_id = "block" + std::to_string(100 + number);
    block.refresh_at = kNow + absl::Minutes(number);
    return block;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, BlockStoreTest, kKinds, NameOfKind);

TEST_P(BlockStoreTest, ABlockComesBackAsItWas) {
  BlockRow block = Block(1'700'000'000'000'000);
  block.data.clear();
  for (int byte = 0; byte < 256; ++byte) block.data.push_back(char(byte));
  ASSERT_THAT(inventory_->PutBlock(block), IsOk());
  const auto held = Open()->GetBlock(kBlock);
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->block_id, kBlock);
  EXPECT_EQ(held->issuer_id, block.issuer_id);
  EXPECT_EQ(held->version, block.version);
  EXPECT_EQ(held->refresh_at, block.refresh_at);
  EXPECT_EQ(held->this_update, block.this_update);
  EXPECT_EQ(held->next_update, block.next_update);
  EXPECT_EQ(held->data, block.data);
  EXPECT_EQ(held->template_ids, block.template_ids);
  EXPECT_THAT(held->deltas, IsEmpty());
  EXPECT_THAT(inventory_->GetBlock("none"),
              StatusIs(absl::StatusCode::kNotFound, "6e6f6e65"));
}

TEST_P(BlockStoreTest, ALargeBlockComesBackAsItWas) {
  for (const size_t size : {4095, 4096, 350'000}) {
    BlockRow block = Block(size);
    block.data.assign(size, '\0');
    for (size_t i = 0; i < size; ++i) block.data[i] = char(i * i / 7);
    ASSERT_THAT(inventory_->PutBlock(block), IsOk());
    const auto held = Open()->GetBlock(kBlock);
    ASSERT_THAT(held, IsOk());
    EXPECT_EQ(held->data, block.data);
    EXPECT_EQ(held->template_ids, block.template_ids);
  }
}

TEST_P(BlockStoreTest, PostgresDoesNotTryToCompressWhatIsSigned) {
  if (GetParam() != Kind::kPostgres) GTEST_SKIP();
  std::vector<Row> rows;
  ASSERT_THAT(OpenDatabase()->Read([&](Session& session) -> absl::Status {
    const auto found = session.Run(
        "SELECT CAST(attstorage AS TEXT) FROM pg_attribute WHERE attrelid IN "
        "(CAST('blocks' AS regclass), CAST('block_deltas' AS regclass), "
        "CAST('crl_parts' AS regclass)) AND attname = 'data'",
        {});
    if (found.ok()) rows = *found;
    return found.status();
  }),
              IsOk());
  ASSERT_EQ(rows.size(), 3u);
  for (const Row& row : rows) EXPECT_EQ(std::get<std::string>(row[0]), "e");
}

TEST_P(BlockStoreTest, ABlockIsMadeDueButNeverPutOff) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_THAT(inventory_->PutBlock(Numbered(i)), IsOk());
  }
  ASSERT_THAT(inventory_->MakeDue({}), IsOk());
  ASSERT_THAT(
      inventory_->MakeDue({{Numbered(1).block_id, kNow + absl::Hours(1)},
                           {Numbered(3).block_id, kNow},
                           {"none", kNow}}),
      IsOk());
  EXPECT_EQ(inventory_->GetBlock(Numbered(1).block_id)->refresh_at,
            kNow + absl::Minutes(1));
  EXPECT_EQ(inventory_->GetBlock(Numbered(2).block_id)->refresh_at,
            kNow + absl::Minutes(2));
  const auto due =
      inventory_->LeaseDueBlocks("one", kNow, absl::Minutes(1), 10);
  ASSERT_THAT(due, IsOk());
  EXPECT_THAT(*due, ElementsAre(Numbered(3).block_id));
  EXPECT_EQ(inventory_->BlockVersions()->size(), 3u);
}

TEST_P(BlockStoreTest, ABlockOnlyGrows) {
  ASSERT_THAT(inventory_->PutBlock(Block(5)), IsOk());
  ASSERT_THAT(inventory_->PutBlock(Block(4)), IsOk());
  EXPECT_EQ(inventory_->GetBlock(kBlock)->data, Block(5).data);
  ASSERT_THAT(inventory_->PutBlock(Block(6)), IsOk());
  EXPECT_EQ(inventory_->GetBlock(kBlock)->data, Block(6).data);
}

TEST_P(BlockStoreTest, ADeltaMustLeadFromWhatIsHeld) {
  EXPECT_THAT(inventory_->AddDelta(kBlock, {.base_version = 1, .version = 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 0"));
  ASSERT_THAT(inventory_->PutBlock(Block(5)), IsOk());
  const DeltaRow six{.base_version = 5, .version = 6, .data = "six"};
  ASSERT_THAT(inventory_->AddDelta(kBlock, six), IsOk());
  ASSERT_THAT(inventory_->AddDelta(kBlock, six), IsOk());
  EXPECT_THAT(inventory_->AddDelta(kBlock, {.base_version = 7, .version = 8}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 6"));
  ASSERT_THAT(inventory_->AddDelta(
                  kBlock, {.base_version = 6, .version = 10, .data = "ten"}),
              IsOk());
  EXPECT_EQ((*inventory_->BlockVersions())[kBlock], 10u);
  const auto held = inventory_->GetBlock(kBlock);
  EXPECT_EQ(held->version, 5u);
  ASSERT_EQ(held->deltas.size(), 2u);
  EXPECT_EQ(held->deltas[0].data, "six");
  EXPECT_EQ(held->deltas[1].base_version, 6u);
}

TEST_P(BlockStoreTest, AWholeBlockReplacesDeltasButNotNewerOnes) {
  ASSERT_THAT(inventory_->PutBlock(Block(5)), IsOk());
  ASSERT_THAT(inventory_->AddDelta(
                  kBlock, {.base_version = 5, .version = 8, .data = "eight"}),
              IsOk());
  // Signed before the delta was: it would take a revocation back.
  ASSERT_THAT(inventory_->PutBlock(Block(7)), IsOk());
  EXPECT_EQ(inventory_->GetBlock(kBlock)->deltas.size(), 1u);
  EXPECT_EQ((*inventory_->BlockVersions())[kBlock], 8u);
  ASSERT_THAT(inventory_->PutBlock(Block(9)), IsOk());
  EXPECT_THAT(inventory_->GetBlock(kBlock)->deltas, IsEmpty());
  EXPECT_EQ((*inventory_->BlockVersions())[kBlock], 9u);
}

// Two deltas from one base would be two histories of a block.
TEST_P(BlockStoreTest, DeltasOfManyWritersAreOneChain) {
  constexpr uint64_t kWriters = 3;
  ASSERT_THAT(inventory_->PutBlock(Block(1)), IsOk());
  std::vector<std::thread> writers;
  for (uint64_t t = 0; t < kWriters; ++t) {
    writers.emplace_back([&, t] {
      const auto mine = Open();
      for (int i = 0; i < 40; ++i) {
        const uint64_t head = (*mine->BlockVersions())[kBlock];
        // No two writers ever use the same version.
        const uint64_t version = (head / kWriters + 1) * kWriters + t;
        const absl::Status status =
            mine->AddDelta(kBlock, {.base_version = head, .version = version});
        EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status))
            << status.ToString();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const auto held = inventory_->GetBlock(kBlock);
  ASSERT_THAT(held, IsOk());
  EXPECT_GE(held->deltas.size(), 40u);
  uint64_t at = held->version;
  for (const DeltaRow& delta : held->deltas) {
    EXPECT_EQ(delta.base_version, at);
    at = delta.version;
  }
}

TEST_P(BlockStoreTest, OnlyDueBlocksAreLeased) {
  for (int i : {3, 1, 2}) {
    ASSERT_THAT(inventory_->PutBlock(Numbered(i)), IsOk());
  }
  EXPECT_EQ(*inventory_->EarliestRefresh(), kNow + absl::Minutes(1));
  const auto lease = [&](int minutes, size_t limit) {
    return *inventory_->LeaseDueBlocks("a", kNow + absl::Minutes(minutes),
                                       absl::Seconds(1), limit);
  };
  EXPECT_THAT(lease(0, 10), IsEmpty());
  EXPECT_THAT(lease(2, 10), ElementsAre("block101", "block102"));
  EXPECT_THAT(lease(3, 1), ElementsAre("block101"));
}

// After an outage: who was due first may have days left, another hours.
TEST_P(BlockStoreTest, OfDueBlocksTheFirstToEndComesFirst) {
  for (int i : {1, 2, 3}) {
    BlockRow block = Numbered(i);
    block.next_update = kNow + absl::Hours(100 - i);
    ASSERT_THAT(inventory_->PutBlock(block), IsOk());
  }
  EXPECT_THAT(*inventory_->LeaseDueBlocks("a", kNow + absl::Minutes(10),
                                          absl::Seconds(1), 2),
              ElementsAre("block103", "block102"));
}

TEST_P(BlockStoreTest, TellsTheTimesOfWhatIsRefreshed) {
  EXPECT_EQ(inventory_->OldestBlockTimes()->this_update,
            absl::InfiniteFuture());
  for (int i : {1, 2, 3}) {
    BlockRow block = Numbered(i);
    block.this_update = kNow - absl::Hours(i);
    block.next_update = kNow + absl::Hours(10 + i);
    ASSERT_THAT(inventory_->PutBlock(block), IsOk());
  }
  BlockRow ended = Numbered(4);
  ended.this_update = kNow - absl::Hours(1000);
  ended.refresh_at = absl::InfiniteFuture();
  ASSERT_THAT(inventory_->PutBlock(ended), IsOk());
  BlockRow unknown = Numbered(5);  // From before the column was.
  unknown.next_update = kNow + absl::Hours(20);
  ASSERT_THAT(inventory_->PutBlock(unknown), IsOk());
  ASSERT_THAT(
      inventory_->AddDelta("block102", {.base_version = 1, .version = 9}),
      IsOk());

  const BlockTimes oldest = *inventory_->OldestBlockTimes();
  EXPECT_EQ(oldest.this_update, kNow - absl::Hours(3));
  EXPECT_EQ(oldest.next_update, kNow + absl::Hours(11));
  EXPECT_EQ(oldest.refresh_at, kNow + absl::Minutes(1));
  const auto all = *inventory_->ListBlockTimes(std::nullopt);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].block_id, "block102");
  EXPECT_EQ(all[1].version, 9u);
  EXPECT_EQ(all[1].this_update, kNow - absl::Hours(2));
  EXPECT_EQ(all[1].next_update, kNow + absl::Hours(12));
  EXPECT_EQ(all[1].refresh_at, kNow + absl::Minutes(2));
  EXPECT_EQ(all[3].this_update, absl::UnixEpoch());
  EXPECT_EQ(inventory_->ListBlockTimes(kNow + absl::Minutes(2))->size(), 2u);
}

TEST_P(BlockStoreTest, DropsWhatHasEndedAndNothingElse) {
  BlockRow live = Numbered(1);
  live.next_update = kNow - absl::Hours(1);  // Overdue; not ended.
  BlockRow ended = Numbered(2);
  ended.refresh_at = absl::InfiniteFuture();
  ended.next_update = kNow;
  for (const BlockRow& block : {live, ended}) {
    ASSERT_THAT(inventory_->PutBlock(block), IsOk());
  }
  ASSERT_THAT(
      inventory_->AddDelta("block102", {.base_version = 1, .version = 2}),
      IsOk());
  EXPECT_EQ(*inventory_->DropEndedBlocks(kNow), 0u);
  EXPECT_EQ(*inventory_->DropEndedBlocks(kNow + absl::Seconds(1)), 1u);
  EXPECT_EQ(*inventory_->DropEndedBlocks(kNow + absl::Seconds(1)), 0u);
  EXPECT_THAT(inventory_->GetBlock("block102"),
              StatusIs(absl::StatusCode::kNotFound, "block"));
  EXPECT_THAT(inventory_->GetBlock("block101"), IsOk());
  // It comes back whole, if its signer takes another member into it.
  ended.version = 3;
  ASSERT_THAT(inventory_->PutBlock(ended), IsOk());
  EXPECT_THAT(inventory_->GetBlock("block102")->deltas, IsEmpty());
}

TEST_P(BlockStoreTest, TwoOwnersNeverHoldOneBlock) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(inventory_->PutBlock(Numbered(i)), IsOk());
  }
  const absl::Time due = kNow + absl::Hours(2);
  std::vector<std::string> taken[3];
  std::vector<std::thread> refreshers;
  for (int t = 0; t < 3; ++t) {
    refreshers.emplace_back([&, t] {
      const auto mine = Open();
      const std::string owner(1, static_cast<char>('a' + t));
      for (int round = 0; round < 10; ++round) {
        const auto got = mine->LeaseDueBlocks(owner, due, absl::Minutes(1),
                                              taken[t].size() + 2);
        EXPECT_THAT(got, IsOk());
        if (got.ok()) taken[t] = *got;
      }
    });
  }
  for (std::thread& refresher : refreshers) refresher.join();
  std::set<std::string> all;
  size_t sum = 0;
  for (const auto& ids : taken) {
    all.insert(ids.begin(), ids.end());
    sum += ids.size();
  }
  EXPECT_EQ(all.size(), sum);
  EXPECT_EQ(all.size(), 20u);
}

TEST_P(BlockStoreTest, TheLeaseOfAKilledRefresherExpires) {
  ASSERT_THAT(inventory_->PutBlock(Numbered(0)), IsOk());
  const auto lease = [&](const char* owner, absl::Duration later) {
    return *inventory_->LeaseDueBlocks(owner, kNow + later, absl::Seconds(60),
                                       10);
  };
  EXPECT_EQ(lease("killed", absl::ZeroDuration()).size(), 1u);
  EXPECT_THAT(lease("next", absl::Seconds(59.9)), IsEmpty());
  EXPECT_EQ(lease("next", absl::Seconds(60)).size(), 1u);
  EXPECT_THAT(lease("killed", absl::Seconds(61)), IsEmpty());
}

TEST_P(BlockStoreTest, ALeaseLastsToItsLastFractionOfASecond) {
  ASSERT_THAT(inventory_->PutBlock(Numbered(0)), IsOk());
  ASSERT_EQ(inventory_
                ->LeaseDueBlocks("a", kNow + absl::Milliseconds(900),
                                 absl::Seconds(10), 1)
                ->size(),
            1u);
  EXPECT_THAT(*inventory_->LeaseDueBlocks(
                  "b", kNow + absl::Milliseconds(10'800), absl::Seconds(10), 1),
              IsEmpty());
}

TEST_P(BlockStoreTest, OnlyItsOwnerReleasesALease) {
  ASSERT_THAT(inventory_->PutBlock(Numbered(0)), IsOk());
  const auto lease = [&](const char* owner) {
    return *inventory_->LeaseDueBlocks(owner, kNow, absl::Minutes(1), 10);
  };
  EXPECT_EQ(lease("a").size(), 1u);
  ASSERT_THAT(inventory_->ReleaseLease("block100", "b"), IsOk());
  EXPECT_THAT(lease("b"), IsEmpty());
  ASSERT_THAT(inventory_->ReleaseLease("block100", "a"), IsOk());
  EXPECT_THAT(lease("b"), ElementsAre("block100"));
}

TEST_P(BlockStoreTest, OnlyItsOwnerRenewsALease) {
  for (const int number : {0, 1}) {
    ASSERT_THAT(inventory_->PutBlock(Numbered(number)), IsOk());
  }
  const auto lease = [&](const char* owner, absl::Duration later) {
    return *inventory_->LeaseDueBlocks(owner, kNow + absl::Minutes(1) + later,
                                       absl::Minutes(1), 10);
  };
  EXPECT_EQ(lease("a", absl::ZeroDuration()).size(), 2u);
  const auto renew = [&](const char* owner, absl::Duration later) {
    return inventory_->RenewLeases(owner, {"block100", "unknown"},
                                   kNow + absl::Minutes(1) + later);
  };
  ASSERT_THAT(renew("a", absl::Minutes(2)), IsOk());
  ASSERT_THAT(renew("b", absl::Minutes(9)), IsOk());
  EXPECT_THAT(lease("b", absl::Minutes(1)), ElementsAre("block101"));
  EXPECT_THAT(lease("b", absl::Minutes(2)),
              ElementsAre("block100", "block101"));
  // What is another's now stays so.
  ASSERT_THAT(renew("a", absl::Minutes(9)), IsOk());
  EXPECT_THAT(lease("c", absl::Minutes(3)),
              ElementsAre("block100", "block101"));
}

TEST_P(BlockStoreTest, StoringTheNewBlockEndsTheLease) {
  ASSERT_THAT(inventory_->PutBlock(Numbered(0)), IsOk());
  ASSERT_EQ(inventory_->LeaseDueBlocks("a", kNow, absl::Minutes(1), 1)->size(),
            1u);
  BlockRow next = Numbered(0);
  next.version = 2;
  ASSERT_THAT(inventory_->PutBlock(next), IsOk());
  EXPECT_EQ(inventory_->LeaseDueBlocks("b", kNow, absl::Minutes(1), 1)->size(),
            1u);
}

TEST_P(BlockStoreTest, OneBlocksVersionIsThatWithItsDeltas) {
  EXPECT_EQ(*inventory_->BlockVersion(kBlock), 0u);
  ASSERT_THAT(inventory_->PutBlock(Block(1)), IsOk());
  EXPECT_EQ(*inventory_->BlockVersion(kBlock), 1u);
  ASSERT_THAT(inventory_->AddDelta(
                  kBlock, {.base_version = 1, .version = 5, .data = "delta"}),
              IsOk());
  EXPECT_EQ(*inventory_->BlockVersion(kBlock), 5u);
}

TEST_P(BlockStoreTest, WithoutBlocksNothingIsDue) {
  EXPECT_EQ(*inventory_->EarliestRefresh(), absl::InfiniteFuture());
  BlockRow never = Block(1);
  never.refresh_at = absl::InfiniteFuture();
  ASSERT_THAT(inventory_->PutBlock(never), IsOk());
  EXPECT_EQ(*inventory_->EarliestRefresh(), absl::InfiniteFuture());
  EXPECT_EQ(inventory_->GetBlock(kBlock)->refresh_at, absl::InfiniteFuture());
}

TEST_P(BlockStoreTest, TemplatesAreImmutable) {
  const std::string data("\0t\xff", 3);
  ASSERT_THAT(inventory_->PutTemplate("id", data), IsOk());
  ASSERT_THAT(inventory_->PutTemplate("id", "other"), IsOk());
  EXPECT_EQ(*inventory_->GetTemplate("id"), data);
  EXPECT_THAT(inventory_->GetTemplate("no"),
              StatusIs(absl::StatusCode::kNotFound, "6e6f"));
}

TEST_P(BlockStoreTest, ATemplateIdHas32Bytes) {
  BlockRow block = Block(1);
  block.template_ids = {"short"};
  EXPECT_THAT(inventory_->PutBlock(block),
              StatusIs(absl::StatusCode::kInvalidArgument, "32 bytes"));
}

}  // namespace
}  // namespace chancery::storage
