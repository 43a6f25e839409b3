#include "signer/token_head.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "crypto/key_source.h"
#include "crypto/testing/command.h"
#include "crypto/testing/faulty_token.h"
#include "gtest/gtest.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::FaultyToken;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using testing::FakeDisk;
using testing::FakeKvStore;

constexpr char kSigner[] = "spiffe://test/signer/a";

std::string Labelled(const std::string& signer) {
  return " --type data --application-label chancery --label 'head of " +
         signer + "'";
}

// Data objects in the token.
size_t Count() {
  const std::string listed = FaultyToken::Tool("--list-objects --type data");
  size_t count = 0;
  for (size_t at = listed.find("Data object"); at != std::string::npos;
       at = listed.find("Data object", at + 1)) {
    ++count;
  }
  return count;
}

// What another program puts there.
void Write(const std::string& value) {
  FaultyToken::Tool("--private --write-object " + WriteTemp("value", value) +
                    Labelled(kSigner));
}

// A signer that has a token, over a ledger of its own or of the world's.
struct Holder {
  Holder(Ledger& ledger, const testing::SignerWorld& world,
         Standing::Options options = {}, const std::string& signer = kSigner)
      : standing(ledger, {world.pki.manifest_key()->public_key()}, world.clock,
                 options) {
    crypto::KeyOpener opener;
    auto opened = TokenHead::Open(
        FaultyToken::Source(";object=manifest"), opener, standing,
        {.signer = signer,
         .keys = {world.pki.manifest_key()->public_key()},
         .ignored = [this](const absl::Status& why) {
           ignored.push_back(why);
         }});
    EXPECT_THAT(opened, IsOk());
    if (opened.ok()) head = *std::move(opened);
  }
  StandingState state() { return standing.Look()->state; }

  Standing standing;
  std::vector<absl::Status> ignored;
  std::unique_ptr<TokenHead> head;
};

class TokenHeadTest : public ::testing::Test {
 protected:
  TokenHeadTest() { Restart(); }
  // The world's signer, as after a restart.
  void Restart(Standing::Options options = {}) {
    signer_.reset();
    signer_ = std::make_unique<Holder>(world_.signer.ledger(), world_, options);
  }
  std::string Issue(const std::string& id) {
    const auto issued = world_.Issue(id);
    EXPECT_THAT(issued, IsOk());
    return issued->serial;
  }
  std::shared_ptr<const NewestHead> Sign() {
    const auto made = world_.signer.heads().Sign();
    EXPECT_THAT(made, IsOk());
    signer_->standing.own_heads().Add((*made)->head);
    return *made;
  }
  absl::StatusOr<bool> Keep(const NewestHead& head) {
    return signer_->head->Keep(head, world_.clock.Now());
  }
  // Signs a head a minute later and keeps it.
  std::shared_ptr<const NewestHead> KeepNext() {
    world_.clock.Advance(TokenHead::kInterval);
    auto made = Sign();
    const auto kept = Keep(*made);
    EXPECT_THAT(kept, IsOk());
    EXPECT_TRUE(kept.value_or(false));
    return made;
  }
  std::unique_ptr<Ledger> OpenLedger(FakeDisk& disk) {
    return *Ledger::Open(std::make_unique<FakeKvStore>(disk), world_.clock, {});
  }

  FaultyToken token_;
  testing::SignerWorld world_;
  std::unique_ptr<Holder> signer_;
};

TEST_F(TokenHeadTest, KeepsTheNewestInAPrivateDataObject) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  const auto none = signer_->head->Show();
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
  Issue("a");
  KeepNext();
  const auto newest = KeepNext();
  EXPECT_EQ(Count(), 1u);
  const std::string path = TempPath("read");
  FaultyToken::Tool("--read-object --output-file " + path + Labelled(kSigner));
  const auto read = base::ReadFile(path);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, newest->bytes.head);
  EXPECT_NE(FaultyToken::Tool("--list-objects --type data").find("private"),
            std::string::npos);
  const auto shown = signer_->head->Show();
  ASSERT_THAT(shown, IsOk());
  ASSERT_TRUE(shown->has_value());
  EXPECT_EQ((*shown)->ledger_size, newest->head.ledger_size);
  EXPECT_EQ(signer_->state(), StandingState::kActive);
}

TEST_F(TokenHeadTest, WritesAtMostOnceAMinute) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  KeepNext();
  world_.clock.Advance(TokenHead::kInterval - absl::Seconds(1));
  const auto early = Sign();
  EXPECT_FALSE(*Keep(*early));
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(*Keep(*early));
  world_.clock.Advance(TokenHead::kInterval);
  EXPECT_FALSE(*Keep(*early));  // It is there.
}

// TRUST 2.9: "Nothing is signed while the ledger is behind a head that the
// signer itself once signed"; here nobody but the token has it.
TEST_F(TokenHeadTest, ARestoredLedgerIsRefusedByTheTokenAlone) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  const std::string serial = Issue("a");
  FakeDisk backup;
  backup.set_durable(world_.disk.durable());
  ASSERT_THAT(world_.Revoke("r", serial, 1), IsOk());
  KeepNext();

  const auto ledger = OpenLedger(backup);
  Holder restored(*ledger, world_);
  ASSERT_THAT(restored.head->Show(), IsOk());
  EXPECT_EQ(restored.state(), StandingState::kBehind);
  const auto sign = [&] {
    return ledger->Execute([](Transaction&) { return absl::OkStatus(); });
  };
  EXPECT_THAT(sign(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ledger behind"));
  // Not when time has passed, either.
  world_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(restored.state(), StandingState::kBehind);
  EXPECT_FALSE(sign().ok());
}

TEST_F(TokenHeadTest, AnEmptiedLedgerIsRefused) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  KeepNext();
  FakeDisk empty;
  const auto ledger = OpenLedger(empty);
  Holder restored(*ledger, world_);
  ASSERT_THAT(restored.head->Show(), IsOk());
  EXPECT_EQ(restored.state(), StandingState::kBehind);
}

TEST_F(TokenHeadTest, WhatTheLedgerContainsCountsAsShown) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  KeepNext();
  Restart({.await_head = true});
  EXPECT_EQ(signer_->state(), StandingState::kAwaitsHead);
  ASSERT_THAT(signer_->head->Show(), IsOk());
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  EXPECT_TRUE(signer_->standing.was_shown());
}

TEST_F(TokenHeadTest, AnotherSignersObjectIsLeftAlone) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  FaultyToken::Tool("--private --write-object " + WriteTemp("value", "x") +
                    Labelled("spiffe://test/signer/b"));
  KeepNext();
  KeepNext();
  EXPECT_EQ(Count(), 2u);
  EXPECT_TRUE(signer_->ignored.empty());
}

TEST_F(TokenHeadTest, WhatDoesNotVerifyIsIgnoredAndReplaced) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  const auto good = KeepNext();
  block::Head forged = good->head;
  forged.ledger_size += 10;
  forged.time += absl::Hours(1);
  const auto by_another = block::SignHead(forged, {}, *world_.pki.key());
  ASSERT_THAT(by_another, IsOk());
  Write(by_another->head);
  Write("garbage");
  Write(std::string(5000, 'x'));
  const auto shown = signer_->head->Show();
  ASSERT_THAT(shown, IsOk());
  ASSERT_TRUE(shown->has_value());
  EXPECT_EQ((*shown)->time, good->head.time);
  EXPECT_EQ(signer_->ignored.size(), 3u);
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  EXPECT_EQ(Count(), 4u);
  KeepNext();
  EXPECT_EQ(Count(), 1u);
}

TEST_F(TokenHeadTest, ACrashBetweenNewAndOldLeavesTheNewest) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  KeepNext();
  Issue("b");
  world_.clock.Advance(TokenHead::kInterval);
  const auto newest = Sign();
  token_.Command("fail C_DestroyObject CKR_FUNCTION_FAILED\n");
  EXPECT_THAT(Keep(*newest),
              StatusIs(absl::StatusCode::kInternal, "destroying old data"));
  EXPECT_EQ(Count(), 2u);
  token_.Command("");
  const auto shown = signer_->head->Show();
  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ((*shown)->ledger_size, newest->head.ledger_size);
  KeepNext();
  EXPECT_EQ(Count(), 1u);
}

TEST_F(TokenHeadTest, ATokenThatTakesNoDataKeepsWhatItHas) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  const auto good = KeepNext();
  world_.clock.Advance(TokenHead::kInterval);
  token_.Command("fail C_CreateObject 0x54\n");
  const auto next = Sign();
  EXPECT_FALSE(Keep(*next).ok());
  // Not at once again.
  EXPECT_THAT(Keep(*next), IsOk());
  token_.Command("");
  EXPECT_EQ((*signer_->head->Show())->time, good->head.time);
  EXPECT_EQ(signer_->state(), StandingState::kActive);
}

// A clone with the same token is seen before it overwrites, or is overwritten.
TEST_F(TokenHeadTest, TwoSignersWithOneTokenNoticeEachOther) {
  EXPECT_EQ(signer_->state(), StandingState::kActive);
  Issue("a");
  FakeDisk backup;
  backup.set_durable(world_.disk.durable());
  const auto ledger = OpenLedger(backup);
  Holder clone(*ledger, world_);
  EXPECT_EQ(clone.state(), StandingState::kActive);
  Issue("b");
  const auto newest = KeepNext();
  const auto kept = clone.head->Keep(*newest, world_.clock.Now());
  ASSERT_THAT(kept, IsOk());
  EXPECT_FALSE(*kept);
  EXPECT_EQ(clone.state(), StandingState::kBehind);
}

}  // namespace
}  // namespace chancery::signer
