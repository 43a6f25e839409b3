#include "authority/issuer_directory.h"

#include <memory>
#include <string>

#include "authority/testing/fake_signer.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open.h"
#include "storage/testing/failing_inventory.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class IssuerDirectoryTest : public ::testing::Test {
 protected:
  const base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  testing::FakeSigner signer_{clock_};
  const storage::IssuerRow issuing_ = signer_.AddIssuer("issuing", {"server"});
  const std::unique_ptr<storage::Inventory> real_ =
      *storage::OpenSqlite(crypto::testing::TempPath(
          std::string(
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) +
          ".db"));
  storage::testing::FailingInventory inventory_{*real_};
  IssuerDirectory directory_{signer_, inventory_};
};

TEST_F(IssuerDirectoryTest, KnowsNobodyUntilTheSignerWasAsked) {
  EXPECT_THAT(directory_.All(), IsEmpty());
  EXPECT_THAT(directory_.Named("issuing"),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the signer has not told its issuers yet"));
  EXPECT_FALSE(directory_.from_signer());
}

TEST_F(IssuerDirectoryTest, KnowsTheSignersIssuersByNameAndById) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  EXPECT_TRUE(directory_.from_signer());
  const auto row = directory_.Named("issuing");
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->issuer_id, issuing_.issuer_id);
  EXPECT_EQ(directory_.NameOf(issuing_.issuer_id), "issuing");
  EXPECT_EQ(directory_.NameOf("\x01\xff"), "01ff");
  EXPECT_THAT(directory_.Named("other"),
              StatusIs(absl::StatusCode::kNotFound,
                       "issuer: there is none called \"other\""));
}

TEST_F(IssuerDirectoryTest, HasChainsAlsoOfIssuersThatTheSignerHasNoMore) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  const auto chain = directory_.ChainOf(issuing_.issuer_id);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(*chain, issuing_.chain);
  // Another signer, the same inventory.
  testing::FakeSigner other(clock_);
  IssuerDirectory later(other, inventory_);
  EXPECT_THAT(later.Refresh(), IsOk());
  EXPECT_THAT(later.All(), IsEmpty());
  const auto kept = later.ChainOf(issuing_.issuer_id);
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(*kept, issuing_.chain);
  const auto unknown = later.ChainOf("\x01");
  ASSERT_THAT(unknown, IsOk());
  EXPECT_THAT(*unknown, IsEmpty());
}

TEST_F(IssuerDirectoryTest, NamesAnOfflineSignersIssuersButDoesNotListThem) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  const std::string id(32, 'r');
  // As an import of its result leaves it.
  ASSERT_THAT(
      real_->PutIssuer({.issuer_id = id, .name = "root", .certificate = "DER"}),
      IsOk());
  EXPECT_THAT(directory_.Refresh(), IsOk());
  EXPECT_EQ(directory_.NameOf(id), "root");
  const auto root = directory_.Named("root");
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->issuer_id, id);
  EXPECT_THAT(directory_.All(), SizeIs(1));
}

TEST_F(IssuerDirectoryTest, LearnsOfANewIssuer) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  signer_.AddIssuer("other", {"server"});
  EXPECT_THAT(directory_.Refresh(), IsOk());
  EXPECT_THAT(directory_.Named("other"), IsOk());
}

TEST_F(IssuerDirectoryTest, UsesTheInventorysUntilTheSignerAnswers) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  // As after a restart.
  IssuerDirectory restarted(signer_, inventory_);
  signer_.FailNext(absl::UnavailableError("signer is away"), false);
  EXPECT_THAT(restarted.Refresh(),
              StatusIs(absl::StatusCode::kUnavailable, "signer is away"));
  EXPECT_FALSE(restarted.from_signer());
  EXPECT_THAT(restarted.Named("issuing"), IsOk());
  EXPECT_THAT(restarted.Refresh(), IsOk());
  EXPECT_TRUE(restarted.from_signer());
}

TEST_F(IssuerDirectoryTest, NamesTheInventorysBeforeTheSignerIsAsked) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  IssuerDirectory restarted(signer_, inventory_);
  EXPECT_THAT(restarted.LoadKnown(), IsOk());
  EXPECT_EQ(restarted.NameOf(issuing_.issuer_id), "issuing");
  EXPECT_FALSE(restarted.from_signer());
}

TEST_F(IssuerDirectoryTest, KeepsWhatItKnowsWhenTheSignerGoesAway) {
  EXPECT_THAT(directory_.Refresh(), IsOk());
  signer_.FailNext(absl::UnavailableError("signer is away"), false);
  EXPECT_FALSE(directory_.Refresh().ok());
  EXPECT_TRUE(directory_.from_signer());
  EXPECT_THAT(directory_.All(), SizeIs(1));
}

TEST_F(IssuerDirectoryTest, KnowsTheSignersIssuersWhenTheInventoryIsDown) {
  inventory_.FailAlways();
  EXPECT_THAT(directory_.Refresh(),
              StatusIs(absl::StatusCode::kUnavailable, "inventory is away"));
  EXPECT_TRUE(directory_.from_signer());
  EXPECT_THAT(directory_.Named("issuing"), IsOk());
}

}  // namespace
}  // namespace chancery::authority
