#include "signer/head_signer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/state.h"
#include "signer/own_heads.h"
#include "signer/requests.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

class HeadSignerTest : public ::testing::Test {
 protected:
  // Signed now, and opened as a responder does.
  block::OpenedHead Sign() { return Open(heads_.Sign()); }

  block::OpenedHead Open(
      const absl::StatusOr<std::shared_ptr<const NewestHead>>& made) {
    EXPECT_THAT(made, IsOk());
    if (!made.ok()) return {};
    const auto opened = block::OpenHead((*made)->bytes, world_.pki.KeySet());
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *opened : block::OpenedHead();
  }

  uint64_t VersionOf(const std::string& block_id) {
    const auto view = world_.signer.ledger().Read();
    return (*view)->state().Block(block_id)->version;
  }

  absl::Status Append(ledger::EntryBody body) {
    return world_.signer.ledger().Execute(
        [&](Transaction& tx) { return tx.Append(std::move(body)).status(); });
  }

  ledger::CertificateEntry CertificateOf(const Issued& issued) {
    const auto view = world_.signer.ledger().Read();
    const auto entry = (*view)->state().EntryAt(issued.ledger_index);
    ledger::CertificateEntry made =
        std::get<ledger::CertificateEntry>(entry->body);
    made.origin = {};
    return made;
  }

  static block::BlockId IdOf(const std::string& bytes) {
    block::BlockId id{};
    std::copy_n(bytes.begin(), id.size(), id.begin());
    return id;
  }

  testing::SignerWorld world_;
  HeadSigner heads_{world_.signer.ledger(),
                    world_.signer.blocks(),
                    *world_.pki.manifest_key(),
                    {.key_set_version = 3}};
};

TEST_F(HeadSignerTest, SaysWhatTheLedgerSays) {
  ASSERT_THAT(Append(ledger::EpochEntry{.epoch = 4}), IsOk());
  const auto issued = world_.Issue("first");
  ASSERT_THAT(issued, IsOk());
  const block::OpenedHead opened = Sign();
  const TreeHead tree = world_.signer.ledger().Head();
  EXPECT_EQ(opened.head.ledger_size, tree.size);
  EXPECT_EQ(opened.head.ledger_root, tree.root);
  EXPECT_EQ(opened.head.reflected_size, tree.size);
  EXPECT_EQ(opened.head.time, world_.now());
  EXPECT_EQ(opened.head.epoch, 4u);
  EXPECT_EQ(opened.head.key_set_version, 3u);
  const std::string& block_id = issued->updates.front().block_id;
  ASSERT_EQ(opened.index.versions.size(), 1u);
  EXPECT_EQ(opened.index.VersionOf(IdOf(block_id)), VersionOf(block_id));
}

TEST_F(HeadSignerTest, SignsAnEmptyLedger) {
  const block::OpenedHead opened = Sign();
  EXPECT_EQ(opened.head.ledger_size, 0u);
  EXPECT_TRUE(opened.index.versions.empty());
  EXPECT_THAT(world_.PowerCut(), IsOk());
}

TEST_F(HeadSignerTest, EachIsLaterThanTheOneBefore) {
  ASSERT_THAT(world_.Issue("first"), IsOk());
  const absl::Time first = Sign().head.time;
  const absl::Time second = Sign().head.time;
  EXPECT_GT(second, first);
  world_.clock.Advance(absl::Minutes(1));
  EXPECT_EQ(Sign().head.time, world_.now());
}

TEST_F(HeadSignerTest, FollowsVersions) {
  const auto issued = world_.Issue("first");
  ASSERT_THAT(issued, IsOk());
  const std::string& block_id = issued->updates.front().block_id;
  const uint64_t before = Sign().index.VersionOf(IdOf(block_id));
  ASSERT_THAT(world_.Revoke("revoke", issued->serial, 1), IsOk());
  const block::OpenedHead after = Sign();
  EXPECT_GT(after.index.VersionOf(IdOf(block_id)), before);
  EXPECT_EQ(after.index.VersionOf(IdOf(block_id)), VersionOf(block_id));
}

// What a crash left without its signature is signed for the head.
TEST_F(HeadSignerTest, SignsWhatWaits) {
  const auto issued = world_.Issue("first");
  ASSERT_THAT(issued, IsOk());
  ASSERT_EQ(Sign().head.reflected_size, 2u);
  const std::string& block_id = issued->updates.front().block_id;
  const uint64_t before = VersionOf(block_id);
  ASSERT_THAT(
      Append(ledger::StatusEntry{.change = ledger::StatusChange::kRevoke,
                                 .issuer_id = issued->issuer_id,
                                 .serial = issued->serial,
                                 .reason = 1,
                                 .revoked_at = world_.now(),
                                 .origin = {}}),
      IsOk());
  const block::OpenedHead opened = Sign();
  EXPECT_EQ(opened.head.reflected_size, opened.head.ledger_size);
  EXPECT_GT(VersionOf(block_id), before);
  EXPECT_EQ(opened.index.VersionOf(IdOf(block_id)), VersionOf(block_id));
}

// What no manifest states yet must not be covered by a head that a responder
// could meet without it.
TEST_F(HeadSignerTest, DoesNotReflectABlockThatWasNeverSigned) {
  const auto issued = world_.Issue("first");
  ASSERT_THAT(issued, IsOk());
  ASSERT_EQ(Sign().head.reflected_size, 2u);
  ledger::CertificateEntry entry = CertificateOf(*issued);
  entry.imported = true;  // Imports have blocks of their own.
  entry.serial = std::string("\x77");
  entry.block_id = MakeBlockId(issued->issuer_id, 1);
  ASSERT_THAT(Append(entry), IsOk());
  EXPECT_EQ(Sign().head.reflected_size, 2u);
  EXPECT_EQ(Sign().head.ledger_size, 3u);
  ASSERT_THAT(world_.signer.blocks().SignBlock(entry.block_id), IsOk());
  const block::OpenedHead opened = Sign();
  EXPECT_EQ(opened.head.reflected_size, opened.head.ledger_size);
  EXPECT_EQ(opened.index.VersionOf(IdOf(entry.block_id)),
            VersionOf(entry.block_id));
}

TEST_F(HeadSignerTest, SurvivesARestart) {
  ASSERT_THAT(world_.Issue("first"), IsOk());
  const absl::Time before = Sign().head.time;
  ASSERT_THAT(world_.PowerCut(), IsOk());
  HeadSigner again(world_.signer.ledger(), world_.signer.blocks(),
                   *world_.pki.manifest_key(), {});
  EXPECT_EQ(again.Newest(), nullptr);
  const block::OpenedHead opened = Open(again.Sign());
  EXPECT_GT(opened.head.time, before);
  EXPECT_EQ(opened.head.ledger_size, world_.signer.ledger().Head().size);
  EXPECT_EQ(opened.index.versions.size(), 1u);
}

TEST_F(HeadSignerTest, RefusesAClockBehindTheNewestHead) {
  ASSERT_THAT(world_.Issue("first"), IsOk());
  world_.clock.Advance(absl::Minutes(10));
  Sign();
  world_.clock.Advance(-absl::Minutes(5));
  EXPECT_THAT(heads_.Sign(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
}

// Once every certificate of a block has expired, nobody needs it.
TEST_F(HeadSignerTest, LeavesOutBlocksWithoutLife) {
  const auto issued = world_.Issue("first");
  ASSERT_THAT(issued, IsOk());
  ASSERT_EQ(Sign().index.versions.size(), 1u);
  world_.clock.Advance(absl::Hours(24 * 29));
  ASSERT_THAT(world_.Issue("alive"), IsOk());  // The clock may not leap.
  world_.clock.Advance(absl::Hours(24 * 29));
  ASSERT_THAT(world_.Issue("alive too"), IsOk());
  world_.clock.Advance(absl::Hours(24 * 29));
  ASSERT_THAT(world_.Issue("alive again"), IsOk());
  world_.clock.Advance(absl::Hours(24 * 4));
  ASSERT_THAT(
      world_.signer.blocks().SignBlock(issued->updates.front().block_id),
      IsOk());
  const block::OpenedHead opened = Sign();
  EXPECT_EQ(opened.index.VersionOf(IdOf(issued->updates.front().block_id)), 0u);
  EXPECT_FALSE(opened.index.versions.empty());
}

// TRUST 10: "The issuing signer's heads name the newest root index."
TEST_F(HeadSignerTest, NamesTheBlocksOfOfflineSigners) {
  ASSERT_THAT(world_.Issue("first"), IsOk());
  block::BlockId other{};
  other.fill(0x33);
  HeadSigner heads(
      world_.signer.ledger(), world_.signer.blocks(),
      *world_.pki.manifest_key(), {.others = [&] {
        return std::vector<std::pair<block::BlockId, uint64_t>>{{other, 7}};
      }});
  block::KeySet keys = world_.pki.KeySet();
  keys.keys.push_back(keys.keys.front());
  keys.keys.back().issuers.front().fill(0x33);
  const auto made = heads.Sign();
  ASSERT_THAT(made, IsOk());
  const auto opened = block::OpenHead((*made)->bytes, keys);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->index.versions.size(), 2u);
  EXPECT_EQ(opened->index.VersionOf(other), 7u);
}

TEST_F(HeadSignerTest, RemembersEachAsItIsShown) {
  OwnHeads own;
  HeadSigner heads(world_.signer.ledger(), world_.signer.blocks(),
                   *world_.pki.manifest_key(), {.own_heads = &own});
  const auto of_nothing = heads.Sign();  // The store does not keep it.
  ASSERT_THAT(of_nothing, IsOk());
  ASSERT_THAT(world_.Issue("first"), IsOk());
  const auto second = heads.Sign();
  ASSERT_THAT(second, IsOk());
  for (const auto& made : {*of_nothing, *second}) {
    EXPECT_TRUE(own.Has(Open(made).head));
    EXPECT_EQ(made->head, Open(made).head);
  }
  EXPECT_FALSE(own.Has(Sign().head));  // By another.
  // What may not be signed is not made.
  world_.signer.ledger().Bar(absl::FailedPreconditionError("barred"));
  EXPECT_FALSE(heads.Sign().ok());
  EXPECT_EQ(own.newest(), (*second)->head.time);
}

TEST_F(HeadSignerTest, AnOfflineSignersHeadsAreOfATypeOfTheirOwn) {
  ASSERT_THAT(world_.Issue("first"), IsOk());
  HeadSigner heads(world_.signer.ledger(), world_.signer.blocks(),
                   *world_.pki.manifest_key(), {.offline = true});
  const auto made = heads.Sign();
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(block::OpenOfflineHead((*made)->bytes, world_.pki.KeySet()),
              IsOk());
  EXPECT_THAT(block::OpenHead((*made)->bytes, world_.pki.KeySet()),
              StatusIs(absl::StatusCode::kPermissionDenied, "signature"));
}

}  // namespace
}  // namespace chancery::signer
