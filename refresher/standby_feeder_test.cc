#include "refresher/standby_feeder.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "merkle/tree.h"
#include "refresher/feed_trimmer.h"
#include "refresher/ledger_copy.h"
#include "refresher/ledger_follower.h"
#include "refresher/promoted.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr char kSigner[] = "spiffe://test/signer/one";

// A signer that lacks entries: it takes those that lead to a root as RFC 6962
// has it; and is forked once it was shown that it has others.
class BehindSigner final : public CatchUpClient {
 public:
  absl::StatusOr<SignerStanding> Show(const std::string& head,
                                      const std::string& ledger_root) override {
    ++shown;
    heads.push_back(head);
    if (!failure.ok()) return failure;
    for (const std::string* one : {&head, &ledger_root}) {
      if (one->empty()) continue;
      wanted = std::max(wanted, SizeOf(*one));
      const auto says = block::HeadOf(base::AsBytes(*one));
      if (says->ledger_size <= entries.size() &&
          says->ledger_root != RootOf(entries, says->ledger_size)) {
        state = "FORKED";
      }
    }
    return Standing();
  }
  absl::StatusOr<SignerStanding> AddEntries(
      uint64_t from, const std::vector<std::string>& more,
      const std::string& ledger_root) override {
    if (!failure.ok()) return failure;
    EXPECT_LE(from, entries.size());
    std::vector<std::string> all(entries.begin(),
                                 entries.begin() + static_cast<int64_t>(from));
    all.insert(all.end(), more.begin(), more.end());
    const auto vouched = block::HeadOf(base::AsBytes(ledger_root));
    EXPECT_THAT(vouched, IsOk());
    EXPECT_EQ(vouched->ledger_size, all.size());
    if (damaged || vouched->ledger_root != RootOf(all, all.size())) {
      ++refused;
      return absl::InvalidArgumentError("not the root that was signed");
    }
    if (from < entries.size()) {
      EXPECT_GE(all.size(), entries.size());
      if (!std::equal(entries.begin(), entries.end(), all.begin())) {
        state = "FORKED";
      }
    } else {
      entries = std::move(all);
    }
    return Standing();
  }
  absl::StatusOr<SignerStanding> Promote() override {
    return absl::UnimplementedError("nobody asks for it");
  }

  absl::Status failure;
  std::string state;  // Empty: by what it has.
  uint64_t wanted = 0;
  int shown = 0;
  std::vector<std::string> heads;  // That it was shown; some are empty.
  int refused = 0;
  bool damaged = false;  // What it is brought.
  std::vector<std::string> entries;

 private:
  static merkle::Hash RootOf(const std::vector<std::string>& entries,
                             uint64_t size) {
    std::vector<merkle::Hash> leaves;
    for (uint64_t i = 0; i < size; ++i) {
      leaves.push_back(merkle::LeafHash(base::AsBytes(entries[i])));
    }
    return merkle::RootOf(leaves);
  }
  static uint64_t SizeOf(const std::string& statement) {
    const auto head = block::HeadOf(base::AsBytes(statement));
    EXPECT_THAT(head, IsOk());
    return head->ledger_size;
  }
  SignerStanding Standing() const {
    const bool whole = entries.size() >= wanted;
    return {.state = !state.empty() ? state
                     : whole        ? "ACTIVE"
                                    : "BEHIND",
            .why = whole ? "" : "ledger behind",
            .ledger_size = entries.size(),
            .epoch = 1,
            .wanted_size = wanted};
  }
};

class StandbyFeederTest : public testing::RefresherFixture {
 protected:
  // What refreshers keep of the signer.
  void Follow() {
    LedgerFollower follower(signer_, inventory_, keeper_, sink_, log_,
                            {.signer = kSigner});
    while (true) {
      const auto more = follower.Step();
      ASSERT_THAT(more, IsOk());
      if (!*more) return;
    }
  }
  void Feed() {
    for (int i = 0; i < 1000; ++i) {
      const auto more = feeder_.Step();
      ASSERT_THAT(more, IsOk());
      if (!*more) return;
    }
    FAIL() << "there is no end";
  }

  BehindSigner behind_;
  StandbyFeeder feeder_{behind_, inventory_, log_, kSigner};
};

TEST_F(StandbyFeederTest, WithNothingKeptThereIsNothingToShow) {
  EXPECT_THAT(feeder_.Step().status(), IsOk());
  EXPECT_EQ(behind_.wanted, 0u);
}

TEST_F(StandbyFeederTest, BringsWhatIsLackingPageByPage) {
  const std::string block = signer_.AddBlock(4);
  signer_.SetPageSize(3);
  // More than one root is kept of.
  for (int i = 0; i < 70; ++i) {
    if (i % 10 == 0) signer_.AddBlock(12);
    signer_.Change(block, 0,
                   i % 2 == 0 ? ledger::StatusChange::kHold
                              : ledger::StatusChange::kRelease);
  }
  Follow();
  Feed();
  EXPECT_EQ(behind_.entries.size(), signer_.ledger_size());
  EXPECT_EQ(behind_.wanted, signer_.ledger_size());
  EXPECT_EQ(feeder_.standing().state, "ACTIVE");
  EXPECT_TRUE(Logged("ERROR signer_may_not_sign"));
  EXPECT_TRUE(Logged("INFO signer_active"));

  // One that has all of it is only shown the newest.
  const int shown = behind_.shown;
  Feed();
  EXPECT_EQ(behind_.shown, shown + 1);
}

TEST_F(StandbyFeederTest, AStandbyIsFedAlthoughItIsNotActive) {
  signer_.AddBlock(2);
  Follow();
  behind_.state = "STANDBY";
  Feed();
  EXPECT_EQ(behind_.entries.size(), signer_.ledger_size());
  const std::string block = signer_.AddBlock(1);
  signer_.Revoke(block, 0);
  Follow();
  Feed();
  EXPECT_EQ(behind_.entries.size(), signer_.ledger_size());
}

// A backup that is too old is told so; one that is not is fed.
TEST_F(StandbyFeederTest, SaysThatTheInventoryDoesNotReachBack) {
  signer_.AddBlock(2);
  Follow();
  Feed();
  const std::vector<std::string> old = behind_.entries;
  signer_.SetPageSize(50);
  for (int i = 0; i < 20; ++i) signer_.AddBlock(12);
  Follow();
  clock_.Advance(absl::Hours(24 * 91));
  Feed();
  const std::vector<std::string> newer = behind_.entries;
  clock_.Advance(kLeastFeedKeep);
  signer_.AddBlock(2);
  Follow();
  FeedTrimmer trimmer(inventory_, clock_, log_, {.signer = kSigner});
  while (*trimmer.Step()) continue;
  const uint64_t first = *inventory_.FirstEntry(kSigner);
  ASSERT_GT(first, old.size());
  ASSERT_LE(first, newer.size());

  Feed();
  EXPECT_EQ(behind_.entries.size(), signer_.ledger_size());
  for (const auto& restored : {old, std::vector<std::string>()}) {
    behind_.entries = restored;
    EXPECT_THAT(
        feeder_.Step().status(),
        StatusIs(absl::StatusCode::kFailedPrecondition,
                 absl::StrCat("from entry ", first, " on, and this signer has ",
                              restored.size(), ": give it a newer copy")));
    EXPECT_EQ(behind_.entries, restored);
  }
  behind_.entries = newer;
  Feed();
  EXPECT_EQ(behind_.entries.size(), signer_.ledger_size());
}

// Of fewer entries than the inventory has: some of its first, then its own.
TEST_F(StandbyFeederTest, AForkThatIsShorterIsNamed) {
  signer_.AddBlock(12);
  Follow();
  Feed();
  const std::vector<std::string> old = behind_.entries;
  for (int i = 0; i < 40; ++i) {
    signer_.AddBlock(12);
    Follow();
  }
  // Whether a root is kept of so many entries or not; from the beginning on,
  // too.
  for (size_t shared : {size_t{0}, old.size(), old.size() + 7, size_t{300}}) {
    for (size_t own : {1, 5, 100}) {
      SCOPED_TRACE(absl::StrCat(shared, " and ", own));
      behind_.state.clear();
      behind_.entries.clear();
      Feed();
      ASSERT_GT(behind_.entries.size(), shared + own);
      behind_.entries.resize(shared);
      behind_.entries.resize(shared + own, "an entry of its own");
      behind_.refused = 0;
      const auto more = feeder_.Step();
      ASSERT_THAT(more, IsOk());
      EXPECT_FALSE(*more);
      EXPECT_EQ(feeder_.standing().state, "FORKED");
      EXPECT_EQ(behind_.entries.size(), shared + own);
      EXPECT_EQ(behind_.refused, 1);
      // It is left alone.
      EXPECT_THAT(feeder_.Step().status(), IsOk());
      EXPECT_EQ(behind_.refused, 1);
    }
  }
  EXPECT_TRUE(Logged("ERROR entries_refused"));
  EXPECT_TRUE(Logged("ERROR signer_may_not_sign state=FORKED"));
}

// They are refused and it is no fork: the inventory's copy is another one.
TEST_F(StandbyFeederTest, ADamagedCopyIsNoFork) {
  signer_.AddBlock(12);
  Follow();
  Feed();
  behind_.entries.resize(3);
  behind_.damaged = true;
  EXPECT_THAT(feeder_.Step().status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "not the root"));
  EXPECT_EQ(feeder_.standing().state, "BEHIND");
}

TEST_F(StandbyFeederTest, SaysWhyEntriesWereRefused) {
  signer_.AddBlock(2);
  Follow();
  ASSERT_THAT(feeder_.Step().status(), IsOk());
  behind_.entries.clear();
  behind_.failure = absl::UnavailableError("away");
  EXPECT_THAT(feeder_.Step().status(),
              StatusIs(absl::StatusCode::kUnavailable, "away"));
  inventory_.FailAlways();
  EXPECT_THAT(feeder_.Step().status(),
              StatusIs(absl::StatusCode::kUnavailable, ""));
}

// Or both would sign.
TEST_F(StandbyFeederTest, OneThatIsSupersededIsShownThatAndNothingElse) {
  signer_.AddBlock(3);
  Follow();
  const std::string head = NewestRoot(*real_inventory_, kSigner)->signed_root;
  Promoted promoted(2, absl::ZeroDuration());
  feeder_.Heed(promoted);
  promoted.Tell(0, {.state = "STANDBY", .epoch = 1});
  promoted.Tell(1, {.state = "ACTIVE", .epoch = 2, .head = head});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*feeder_.Step(), false);
  }
  const std::vector<std::string> only = {"", head, head, head};
  EXPECT_EQ(behind_.heads, only);
  EXPECT_TRUE(behind_.entries.empty());
  EXPECT_TRUE(Logged("signer_superseded"));
}

TEST_F(StandbyFeederTest, AStandbyThatIsNoLaterIsNotHeeded) {
  signer_.AddBlock(3);
  Follow();
  Promoted promoted(1, absl::ZeroDuration());
  feeder_.Heed(promoted);
  // Such as one that was set up by mistake without `standby`.
  promoted.Tell(0, {.state = "ACTIVE", .epoch = 1, .head = "no head"});
  Feed();
  EXPECT_EQ(feeder_.standing().state, "ACTIVE");
}

TEST(PromotedTest, WaitsUntilEachHasAnswered) {
  Promoted promoted(2, absl::Minutes(1));
  promoted.Tell(0, {.state = "STANDBY", .epoch = 2});
  std::thread other([&] { promoted.Tell(1, {.state = "ACTIVE", .epoch = 3}); });
  EXPECT_EQ(promoted.LaterThan(2)->epoch, 3u);
  other.join();
  EXPECT_FALSE(promoted.LaterThan(3).has_value());
  promoted.Tell(0, {.state = "ACTIVE", .epoch = 4});
  EXPECT_EQ(promoted.LaterThan(2)->epoch, 4u);
}

TEST(PromotedTest, WaitsNoLongerThanItsPatience) {
  Promoted promoted(1, absl::Milliseconds(1));
  promoted.Tell(0, {});  // It does not answer.
  EXPECT_FALSE(promoted.LaterThan(1).has_value());
}

}  // namespace
}  // namespace chancery::refresher
