#include "signer/issuer_record.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/ledger_rules.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

Issuer Named(const std::string& name, char id, uint32_t shards) {
  Issuer issuer;
  issuer.name = name;
  issuer.issuer_id = std::string(32, id);
  issuer.certificate = "DER of " + name;
  issuer.crl_shards = shards;
  return issuer;
}

class RecordIssuersTest : public ::testing::Test {
 protected:
  RecordIssuersTest() { Restart(); }

  void Restart() {
    ledger_.reset();
    auto opened =
        Ledger::Open(std::make_unique<testing::FakeKvStore>(disk_), clock_, {});
    ASSERT_THAT(opened, IsOk());
    ledger_ = *std::move(opened);
  }

  absl::Status Record(const std::vector<Issuer>& issuers) {
    return RecordIssuers(issuers, *ledger_);
  }

  absl::Status AddCertificate(char issuer_id, uint32_t shard) {
    return ledger_->Execute([&](Transaction& tx) {
      return tx
          .Append(ledger::CertificateEntry{
              .issuer_id = std::string(32, issuer_id),
              .serial = "\x01",
              .not_after = absl::FromUnixSeconds(2'000'000'000),
              .crl_shard = shard,
              .block_id = MakeBlockId(std::string(32, issuer_id), 0),
              .block_capacity = 8,
              .certificate = "DER"})
          .status();
    });
  }

  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  testing::FakeDisk disk_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(RecordIssuersTest, WritesEachIssuerOnce) {
  ASSERT_THAT(Record({Named("web", 'w', 16), Named("mail", 'm', 1)}), IsOk());
  EXPECT_EQ(ledger_->Head().size, 2u);
  Restart();
  ASSERT_THAT(Record({Named("mail", 'm', 1), Named("web", 'w', 16)}), IsOk());
  ASSERT_THAT(Record({Named("web", 'w', 16), Named("new", 'n', 2)}), IsOk());
  EXPECT_EQ(ledger_->Head().size, 3u);
  const auto view = ledger_->Read();
  ASSERT_THAT(view, IsOk());
  const auto web = (*view)->state().Issuer(std::string(32, 'w'));
  ASSERT_THAT(web, IsOk());
  EXPECT_EQ((*web)->name, "web");
  EXPECT_EQ((*web)->crl_shards, 16u);
  EXPECT_EQ((*web)->index, 0u);
  const auto entries = testing::EntriesOf(*ledger_);
  EXPECT_EQ(std::get<ledger::IssuerEntry>(entries[0].body).certificate,
            "DER of web");
  testing::ExpectLedgerKeepsTheRules(*ledger_, disk_);
}

TEST_F(RecordIssuersTest, RefusesAnotherNumberOfShards) {
  ASSERT_THAT(Record({Named("web", 'w', 16)}), IsOk());
  EXPECT_THAT(Record({Named("web", 'w', 17), Named("new", 'n', 2)}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "issuer \"web\".crl_shards: 17: this issuer began with "
                       "16"));
  EXPECT_EQ(ledger_->Head().size, 1u);
}

TEST_F(RecordIssuersTest, RefusesAnotherName) {
  ASSERT_THAT(Record({Named("web", 'w', 16)}), IsOk());
  EXPECT_THAT(Record({Named("net", 'w', 16)}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "issuer \"net\".name: \"net\": "));
}

TEST_F(RecordIssuersTest, RefusesANameThatAnotherKeyHad) {
  ASSERT_THAT(Record({Named("web", 'w', 16)}), IsOk());
  EXPECT_THAT(Record({Named("web", 'x', 16)}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "issuer \"web\".name: \"web\": "));
}

// Ledgers from before there were such entries.
TEST_F(RecordIssuersTest, OneThatIssuedWithoutAnEntryHasOneCrl) {
  ASSERT_THAT(AddCertificate('w', 0), IsOk());
  EXPECT_THAT(Record({Named("web", 'w', 2)}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "crl_shards"));
  EXPECT_THAT(Record({Named("web", 'w', 1)}), IsOk());
}

TEST_F(RecordIssuersTest, NoCertificateIsInAShardThatThereIsNot) {
  ASSERT_THAT(Record({Named("web", 'w', 2)}), IsOk());
  EXPECT_THAT(AddCertificate('w', 2),
              StatusIs(absl::StatusCode::kFailedPrecondition, "CRL shard"));
  EXPECT_THAT(AddCertificate('w', 1), IsOk());
}

}  // namespace
}  // namespace chancery::signer
