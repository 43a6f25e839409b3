#include "signer/standing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gtest/gtest.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::FakeDisk;
using testing::FakeKvStore;

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

// A store that says that it is the signer's.
struct Other {
  Other(FakeDisk& disk, const base::Clock& clock, const testing::TestPki& pki,
        Standing::Options options)
      : ledger(*Ledger::Open(std::make_unique<FakeKvStore>(disk), clock, {})),
        standing(*ledger, {pki.manifest_key()->public_key()}, clock, options) {}

  absl::Status MaySign() const {
    return ledger->Execute([](Transaction&) { return absl::OkStatus(); });
  }

  std::unique_ptr<Ledger> ledger;
  Standing standing;
};

// `world_` is the signer that others know.
class StandingTest : public ::testing::Test {
 protected:
  std::string Issue(const std::string& id) {
    const auto issued = world_.Issue(id);
    EXPECT_THAT(issued, IsOk());
    return issued->serial;
  }
  std::unique_ptr<Other> Open(FakeDisk& disk, Standing::Options options = {}) {
    return std::make_unique<Other>(disk, world_.clock, world_.pki, options);
  }
  void BackUp() { backup_.set_durable(world_.disk.durable()); }

  Statement Head() {
    const auto made = world_.signer.heads().Sign();
    EXPECT_THAT(made, IsOk());
    return {StatementKind::kHead, (*made)->bytes.head};
  }
  std::string Root(uint64_t size) {
    const auto root = world_.signer.roots().Sign(size);
    EXPECT_THAT(root, IsOk());
    return root.value_or("");
  }
  std::vector<std::string> Entries(uint64_t from, uint64_t to) {
    const auto range =
        world_.signer.ledger().ReadEntries(from, 1 << 30, to - from);
    EXPECT_THAT(range, IsOk());
    return range->entries;
  }
  // What the signer that others know has not.
  static absl::Status AppendSomething(Other& other) {
    return other.ledger->Execute([&](Transaction& tx) {
      return tx
          .Append(ledger::IssuerEntry{.issuer_id = std::string(32, 'x'),
                                      .name = "another",
                                      .certificate = "DER",
                                      .crl_shards = 1})
          .status();
    });
  }
  uint64_t size() { return world_.signer.ledger().Head().size; }
  // What a refresher does.
  void CatchUp(Other& other) {
    while (other.ledger->Head().size < size()) {
      const uint64_t from = other.ledger->Head().size;
      const uint64_t to = std::min(from + 3, size());
      ASSERT_THAT(other.standing.Add(from, Entries(from, to), Root(to)),
                  IsOk());
    }
  }
  StandingState Look(Other& other) {
    const auto report = other.standing.Look();
    EXPECT_THAT(report, IsOk());
    return report->state;
  }
  StandingState Show(Other& other, const Statement& statement) {
    const auto report = other.standing.Show({statement});
    EXPECT_THAT(report, IsOk());
    return report->state;
  }

  testing::SignerWorld world_;
  FakeDisk backup_;
};

TEST_F(StandingTest, AFirstStartMaySign) {
  const auto first = Open(backup_);
  EXPECT_FALSE(first->MaySign().ok());
  EXPECT_EQ(Look(*first), StandingState::kActive);
  EXPECT_THAT(first->MaySign(), IsOk());
}

TEST_F(StandingTest, AnEmptyLedgerAwaitsAHeadIfOthersHaveOne) {
  const auto emptied = Open(backup_, {.await_head = true});
  EXPECT_EQ(Look(*emptied), StandingState::kAwaitsHead);
  EXPECT_THAT(emptied->MaySign(), StatusIs(kPrecondition, "nobody has shown"));
  Issue("a");
  EXPECT_EQ(Show(*emptied, Head()), StandingState::kBehind);
  CatchUp(*emptied);
  EXPECT_EQ(emptied->ledger->Head().root, world_.signer.ledger().Head().root);
}

TEST_F(StandingTest, ItsOwnNewestHeadLetsItGoOnAtOnce) {
  Issue("a");
  const Statement head = Head();
  world_.signer.Kill();
  const auto again = Open(world_.disk, {.await_head = true});
  EXPECT_EQ(Look(*again), StandingState::kAwaitsHead);
  EXPECT_FALSE(again->MaySign().ok());
  EXPECT_EQ(Show(*again, head), StandingState::kActive);
  EXPECT_THAT(again->MaySign(), IsOk());
}

// TRUST 2.9: "Nothing is signed while the ledger is behind a head that the
// signer itself once signed".
TEST_F(StandingTest, ARestoredBackupStopsAndIsCaughtUp) {
  const std::string serial = Issue("a");
  BackUp();
  ASSERT_THAT(world_.Revoke("r", serial, 1), IsOk());
  const std::string later = Issue("b");
  const Statement head = Head();
  const uint64_t version = (*world_.signer.ledger().Read())
                               ->state()
                               .Block(world_.State(serial).block_id)
                               ->version;

  auto restored = Open(backup_);
  EXPECT_EQ(Look(*restored), StandingState::kActive);  // It cannot know.
  EXPECT_EQ(Show(*restored, head), StandingState::kBehind);
  EXPECT_THAT(restored->MaySign(), StatusIs(kPrecondition, "ledger behind"));
  EXPECT_THAT(restored->ledger->Read().status(),
              StatusIs(kPrecondition, "ledger behind"));
  // Whoever starts it again has not forgotten it.
  restored = Open(backup_);
  EXPECT_EQ(Look(*restored), StandingState::kBehind);

  CatchUp(*restored);
  // Whoever made the head might be alive still.
  EXPECT_EQ(Show(*restored, head), StandingState::kWaits);
  world_.clock.Advance(absl::Minutes(2));
  EXPECT_EQ(Look(*restored), StandingState::kActive);
  EXPECT_EQ(restored->ledger->Head().size, size());
  EXPECT_EQ(restored->ledger->Head().root, world_.signer.ledger().Head().root);
  restored.reset();
  EXPECT_THAT(AuditLedger(FakeKvStore(backup_)), IsOk());

  // It goes on where the other one was, without any of its blocks' bytes.
  world_.signer.Kill();
  world_.disk.set_durable(backup_.durable());
  ASSERT_THAT(world_.signer.Start(), IsOk());
  ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
  EXPECT_EQ(world_.Answer(serial).status, "revoked");
  EXPECT_EQ(world_.Answer(later).status, "good");
  EXPECT_GT((*world_.signer.ledger().Read())
                ->state()
                .Block(world_.State(serial).block_id)
                ->version,
            version);
  const auto next = world_.signer.heads().Sign();
  ASSERT_THAT(next, IsOk());
  EXPECT_GT((*next)->head.time, block::HeadOf(base::AsBytes(head.bytes))->time);
}

TEST_F(StandingTest, EntriesThatDoNotLeadToTheSignedRootChangeNothing) {
  Issue("a");
  BackUp();
  const uint64_t from = size();
  Issue("b");
  Issue("c");
  const uint64_t to = size();
  const auto restored = Open(backup_);
  ASSERT_EQ(Show(*restored, Head()), StandingState::kBehind);
  const merkle::Hash root = restored->ledger->Head().root;
  const std::vector<std::string> all = Entries(from, to);

  std::vector<std::string> one_less(all.begin(), all.end() - 1);
  std::vector<std::string> swapped = all;
  std::swap(swapped[0], swapped[1]);
  std::vector<std::string> damaged = all;
  damaged[0].back() ^= 1;
  for (const auto& wrong : {one_less, swapped, damaged, {}}) {
    EXPECT_THAT(restored->standing.Add(from, wrong, Root(to)),
                StatusIs(absl::StatusCode::kInvalidArgument, ""));
  }
  EXPECT_THAT(restored->standing.Add(from + 1, all, Root(to)),
              StatusIs(absl::StatusCode::kOutOfRange, "past the next index"));
  EXPECT_THAT(restored->standing.Add(from - 1, all, Root(to)),
              StatusIs(absl::StatusCode::kInvalidArgument, "ledger root: of"));
  // A head vouches for no entries, nor does another key.
  EXPECT_FALSE(restored->standing.Add(from, all, Head().bytes).ok());
  const std::string root_bytes = Root(to);
  const auto forged = block::SignLedgerRoot(
      *block::HeadOf(base::AsBytes(root_bytes)), *world_.pki.key());
  EXPECT_THAT(restored->standing.Add(from, all, *forged),
              StatusIs(absl::StatusCode::kPermissionDenied, "ledger-root"));
  EXPECT_EQ(restored->ledger->Head().size, from);
  EXPECT_EQ(restored->ledger->Head().root, root);
  EXPECT_THAT(restored->standing.Add(from, all, Root(to)), IsOk());
}

TEST_F(StandingTest, ACloneWaitsForAsLongAsTheOtherOneLives) {
  Issue("a");
  BackUp();
  const auto clone = Open(backup_);
  for (int minute = 0; minute < 5; ++minute) {
    EXPECT_EQ(Show(*clone, Head()), StandingState::kWaits);
    EXPECT_THAT(clone->MaySign(), StatusIs(kPrecondition, "another signer"));
    world_.clock.Advance(absl::Minutes(1));
  }
  Issue("b");
  EXPECT_EQ(Show(*clone, Head()), StandingState::kBehind);
}

TEST_F(StandingTest, AnActiveSignerStopsAtAHeadThatItDidNotMake) {
  Issue("a");
  BackUp();
  const auto original = Open(backup_);
  ASSERT_EQ(Look(*original), StandingState::kActive);
  const Statement own = Head();
  original->standing.own_heads().Add(*block::HeadOf(base::AsBytes(own.bytes)));
  EXPECT_EQ(Show(*original, own), StandingState::kActive);
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Show(*original, Head()), StandingState::kWaits);
  EXPECT_FALSE(original->MaySign().ok());
}

TEST_F(StandingTest, AForkInTheSameEpochIsTold) {
  Issue("a");
  BackUp();
  Issue("b");
  {
    const auto clone = Open(backup_);
    ASSERT_EQ(Look(*clone), StandingState::kActive);
    ASSERT_THAT(AppendSomething(*clone), IsOk());
  }
  const auto clone = Open(backup_);
  EXPECT_EQ(Show(*clone, Head()), StandingState::kBehind);
  // Its size, but not its root.
  const uint64_t has = clone->ledger->Head().size;
  EXPECT_EQ(Show(*clone, {StatementKind::kLedgerRoot, Root(has)}),
            StandingState::kForked);
  EXPECT_THAT(clone->MaySign(), StatusIs(kPrecondition, "ledger forked"));
  EXPECT_THAT(clone->standing.Promote(),
              StatusIs(kPrecondition, "ledger forked"));
}

// It has fewer entries than the one that was followed, and no signed root is
// about as many as it has.
TEST_F(StandingTest, AShorterForkIsTold) {
  Issue("a");
  BackUp();
  const uint64_t shared = size();
  Issue("b");
  Issue("c");
  const uint64_t to = size();
  auto clone = Open(backup_);
  ASSERT_EQ(Look(*clone), StandingState::kActive);
  ASSERT_THAT(AppendSomething(*clone), IsOk());
  EXPECT_EQ(Show(*clone, Head()), StandingState::kBehind);
  EXPECT_EQ(Show(*clone, {StatementKind::kLedgerRoot, Root(shared)}),
            StandingState::kBehind);
  const auto add = [&](uint64_t from) {
    return clone->standing.Add(from, Entries(from, to), Root(to));
  };
  EXPECT_THAT(add(shared + 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "ledger entry"));
  // Entries that nobody vouches for prove nothing.
  std::vector<std::string> damaged = Entries(shared, to);
  damaged[0].back() ^= 1;
  EXPECT_THAT(clone->standing.Add(shared, damaged, Root(to)),
              StatusIs(absl::StatusCode::kInvalidArgument, ""));
  EXPECT_EQ(Look(*clone), StandingState::kBehind);
  const uint64_t has = clone->ledger->Head().size;

  const auto told = add(shared);
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->state, StandingState::kForked);
  EXPECT_EQ(clone->ledger->Head().size, has);
  EXPECT_THAT(clone->MaySign(),
              StatusIs(kPrecondition, "ledger forked: a statement of"));
}

TEST_F(StandingTest, WhatItHasAlreadyIsOnlyCompared) {
  Issue("a");
  BackUp();
  const uint64_t has = size();
  Issue("b");
  const auto restored = Open(backup_);
  ASSERT_EQ(Show(*restored, Head()), StandingState::kBehind);
  for (const uint64_t from : {has - 1, uint64_t{0}}) {
    for (const uint64_t to : {has, size()}) {
      const auto told =
          restored->standing.Add(from, Entries(from, to), Root(to));
      ASSERT_THAT(told, IsOk());
      EXPECT_EQ(told->state, StandingState::kBehind);
      EXPECT_EQ(told->ledger_size, has);
    }
  }
  CatchUp(*restored);
  EXPECT_EQ(Look(*restored), StandingState::kWaits);
}

// TRUST 3: "an operator promotes a standby with a higher one; responders refuse
// a lower one".
TEST_F(StandingTest, AStandbyFollowsAndIsPromoted) {
  Issue("a");
  FakeDisk disk;
  auto standby = Open(disk, {.standby = true});
  EXPECT_EQ(Look(*standby), StandingState::kStandby);
  EXPECT_THAT(standby->standing.Promote(), StatusIs(kPrecondition, "nobody"));
  EXPECT_EQ(Show(*standby, Head()), StandingState::kStandby);
  EXPECT_THAT(standby->standing.Promote(),
              StatusIs(kPrecondition, "ledger behind"));
  CatchUp(*standby);
  world_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(Look(*standby), StandingState::kStandby);
  EXPECT_FALSE(standby->MaySign().ok());
  const Statement last = Head();
  EXPECT_EQ(Show(*standby, last), StandingState::kStandby);

  const auto promoted = standby->standing.Promote();
  ASSERT_THAT(promoted, IsOk());
  EXPECT_TRUE(promoted->active());
  EXPECT_EQ(promoted->epoch, 2u);
  EXPECT_THAT(standby->MaySign(), IsOk());
  // What the other one still says does not concern it.
  Issue("b");
  world_.clock.Advance(absl::Minutes(1));
  EXPECT_EQ(Show(*standby, Head()), StandingState::kActive);
  // Its ledger has a head, of the one before.
  EXPECT_EQ(standby->standing.Look()->head, "");
  // It stays the signer.
  standby = Open(disk, {.await_head = true, .standby = true});
  EXPECT_EQ(Look(*standby), StandingState::kAwaitsHead);
  // Nor what the other one has in the place of the promotion.
  const uint64_t shared = standby->ledger->Head().size - 1;
  const auto compared =
      standby->standing.Add(shared, Entries(shared, size()), Root(size()));
  ASSERT_THAT(compared, IsOk());
  EXPECT_EQ(compared->state, StandingState::kAwaitsHead);
  EXPECT_EQ(Show(*standby, last), StandingState::kActive);
  standby.reset();

  BackUp();  // Of the one that was superseded.
  world_.signer.Kill();
  world_.disk.set_durable(disk.durable());
  ASSERT_THAT(world_.signer.Start(), IsOk());
  EXPECT_EQ(Issue("c")[0], 2);
  const Statement head = Head();
  EXPECT_EQ(block::HeadOf(base::AsBytes(head.bytes))->epoch, 2u);

  const auto superseded = Open(backup_);
  EXPECT_NE(Show(*superseded, head), StandingState::kActive);
  EXPECT_FALSE(superseded->MaySign().ok());
}

TEST_F(StandingTest, AStandbyThatWasNotPromotedWholeIsAStandby) {
  Issue("a");
  FakeDisk disk;
  {
    const auto standby = Open(disk, {.standby = true});
    ASSERT_EQ(Show(*standby, Head()), StandingState::kStandby);
    CatchUp(*standby);
    // The row of this store is written, the entry is not.
    disk.FailWrite(2, FakeDisk::Failure::kBefore);
    EXPECT_FALSE(standby->standing.Promote().ok());
  }
  disk.Crash();
  const auto again = Open(disk, {.standby = true});
  EXPECT_EQ(Look(*again), StandingState::kStandby);
  EXPECT_EQ(Show(*again, Head()), StandingState::kStandby);
  const auto promoted = again->standing.Promote();
  ASSERT_THAT(promoted, IsOk());
  EXPECT_EQ(promoted->epoch, 2u);
}

TEST_F(StandingTest, StatementsOfOtherKeysAreRefused) {
  Issue("a");
  const auto other = Open(backup_);
  const testing::TestPki stranger;
  const auto forged = block::SignHead({}, {}, *stranger.manifest_key());
  EXPECT_THAT(other->standing.Show({{StatementKind::kHead, forged->head}}),
              StatusIs(absl::StatusCode::kPermissionDenied, "not the key"));
  // A root is not a head, nor a head a root.
  EXPECT_THAT(other->standing.Show({{StatementKind::kHead, Root(size())}}),
              StatusIs(absl::StatusCode::kPermissionDenied, "head: the sign"));
  EXPECT_THAT(
      other->standing.Show({{StatementKind::kLedgerRoot, Head().bytes}}),
      StatusIs(absl::StatusCode::kPermissionDenied, "ledger-root: the sign"));
}

// A signer, and a clone of it that began with the same ledger and was told of
// nobody; each makes heads.
class CloneTest : public ::testing::Test {
 protected:
  CloneTest() {
    EXPECT_THAT(world_.Issue("a"), IsOk());
    world_.signer.StandWith({});
    EXPECT_THAT(world_.signer.Start(), IsOk());
    clones_disk_.set_durable(world_.disk.durable());
    EXPECT_THAT(clone_.Start(), IsOk());
  }
  // Each is later than the one before.
  Statement Head() { return Make(world_.signer); }
  Statement ClonesHead() { return Make(clone_); }
  StandingState Show(const Statement& statement) {
    const auto report = world_.signer.standing().Show({statement});
    EXPECT_THAT(report, IsOk());
    return report->state;
  }
  absl::Status MaySign() {
    return world_.signer.ledger().Execute(
        [](Transaction&) { return absl::OkStatus(); });
  }
  // As run.cc: it ends when it may not sign, and begins again.
  bool Serves() {
    EXPECT_THAT(world_.signer.Tick(), IsOk());
    return world_.signer.serving();
  }

  testing::SignerWorld world_;
  FakeDisk clones_disk_;
  testing::TestSigner clone_{{world_.pki.issuer()},
                             *world_.pki.manifest_key(),
                             clones_disk_,
                             world_.clock};

 private:
  Statement Make(testing::TestSigner& signer) {
    world_.clock.Advance(absl::Microseconds(500));
    const auto made = signer.heads().Sign();
    EXPECT_THAT(made, IsOk());
    return {StatementKind::kHead, (*made)->bytes.head};
  }
};

// The clone's head is shown only when this signer has made the next.
TEST_F(CloneTest, AHeadBetweenItsOwnIsAnothers) {
  const Statement first = Head();
  const Statement clones = ClonesHead();
  const Statement second = Head();
  EXPECT_EQ(Show(first), StandingState::kActive);
  EXPECT_EQ(Show(second), StandingState::kActive);
  EXPECT_EQ(Show(clones), StandingState::kWaits);
  EXPECT_THAT(MaySign(), StatusIs(kPrecondition, "another signer"));
  EXPECT_FALSE(Serves());
  // Its own say nothing of whether the clone lives.
  EXPECT_EQ(Show(second), StandingState::kWaits);

  world_.clock.Advance(absl::Minutes(2));
  EXPECT_TRUE(Serves());
  EXPECT_EQ(Show(clones), StandingState::kActive);
  // The store has the newest, whatever was shown: the next is later.
  const auto facts = world_.signer.ledger().Facts();
  EXPECT_EQ(facts->newest_head, second.bytes);
  EXPECT_EQ(Show(Head()), StandingState::kActive);
}

TEST_F(CloneTest, ItsOwnComeBackInAnyOrder) {
  std::vector<Statement> own;
  for (int i = 0; i < 5; ++i) own.push_back(Head());
  const Statement clones = ClonesHead();
  // Of one moment: they are a microsecond apart.
  for (int i = 0; i < 5; ++i) {
    const auto made = world_.signer.heads().Sign();
    ASSERT_THAT(made, IsOk());
    own.push_back({StatementKind::kHead, (*made)->bytes.head});
  }
  std::reverse(own.begin(), own.end());
  for (int round = 0; round < 2; ++round) {
    for (const Statement& head : own) {
      EXPECT_EQ(Show(head), StandingState::kActive);
    }
    world_.clock.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(Show(clones), StandingState::kActive);  // Two minutes have passed.
  EXPECT_EQ(Show(ClonesHead()), StandingState::kWaits);
  EXPECT_FALSE(Serves());
  world_.clock.Advance(absl::Minutes(2));
  ASSERT_TRUE(Serves());
  // Also when it was not serving in between.
  own.push_back(Head());
  for (const Statement& head : own) {
    EXPECT_EQ(Show(head), StandingState::kActive);
  }
}

// Who brings a head may alter what of a signature may be altered.
TEST_F(CloneTest, ItsOwnWithAnotherSignatureIsItsOwn) {
  const auto made = world_.signer.heads().Sign();
  ASSERT_THAT(made, IsOk());
  const auto index = block::Index::Parse(base::AsBytes((*made)->bytes.index));
  ASSERT_THAT(index, IsOk());
  const auto again =
      block::SignHead(*block::HeadOf(base::AsBytes((*made)->bytes.head)),
                      *index, *world_.pki.manifest_key());
  ASSERT_THAT(again, IsOk());
  ASSERT_NE(again->head, (*made)->bytes.head);
  Head();
  EXPECT_EQ(Show({StatementKind::kHead, again->head}), StandingState::kActive);
}

// Of those that it made before it started its store has the newest alone: all
// up to that count as its own.
TEST_F(CloneTest, ARestartForgetsWhichWereItsOwn) {
  const Statement first = Head();
  const Statement clones = ClonesHead();
  const Statement second = Head();
  ASSERT_THAT(world_.PowerCut(), IsOk());
  for (const Statement& head : {second, first, clones}) {
    EXPECT_EQ(Show(head), StandingState::kActive);
  }
  const Statement later = ClonesHead();
  const Statement third = Head();
  for (const Statement& head : {third, second, first}) {
    EXPECT_EQ(Show(head), StandingState::kActive);
  }
  EXPECT_EQ(Show(later), StandingState::kWaits);
}

// It may have made them or not: they were superseded.
TEST_F(CloneTest, APromotedSignerIsNotConcernedByEarlierEpochs) {
  const Statement first = Head();
  const Statement clones = ClonesHead();
  const Statement second = Head();
  ASSERT_EQ(Show(second), StandingState::kActive);
  ASSERT_THAT(world_.signer.standing().Promote(), IsOk());
  EXPECT_EQ(world_.signer.standing().Look()->head, "");
  const Statement third = Head();
  EXPECT_EQ(world_.signer.standing().Look()->head, third.bytes);
  for (const Statement& head : {third, clones, first, second, ClonesHead()}) {
    EXPECT_EQ(Show(head), StandingState::kActive);
  }
  EXPECT_THAT(MaySign(), IsOk());
}

}  // namespace
}  // namespace chancery::signer
