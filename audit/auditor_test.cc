#include "audit/auditor.h"

#include <map>
#include <memory>

#include "audit/testing/feed.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"
#include "storage/certificate_row.h"
#include "storage/open.h"
#include "x509/ocsp/request.h"
#include "x509/ocsp/response.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;
using testing::Summary;

// The ledger's entries, as they are or as a test wants them.
class FeedSource final : public LedgerSource {
 public:
  explicit FeedSource(SignerWorld& world) : world_(world) {}

  absl::StatusOr<LedgerPage> Read(uint64_t from) override {
    const auto range = world_.signer.ledger().ReadEntries(from, 10'000, 7);
    if (!range.ok()) return range.status();
    LedgerPage page{.entries = range->entries,
                    .ledger_size = range->head.size,
                    .ledger_root = base::ToString(range->head.root)};
    if (change_at.has_value() && *change_at >= from &&
        *change_at - from < page.entries.size()) {
      page.entries[*change_at - from].back() ^= 1;
    }
    return page;
  }

  std::optional<uint64_t> change_at;

 private:
  SignerWorld& world_;
};

// Answers from what the signer gave out, unless told otherwise.
class FakeResponder final : public ResponderSource {
 public:
  FakeResponder(SignerWorld& world, std::string name)
      : world_(world), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }

  absl::StatusOr<std::vector<std::string>> AskOcsp(
      const std::vector<std::string>& requests) override {
    if (down) return absl::UnavailableError("connection refused");
    std::vector<std::string> answers;
    for (const std::string& request : requests) {
      const auto parsed = x509::ParseOcspRequest(base::AsBytes(request));
      const x509::CertId& id = parsed->cert_ids[0];
      const std::string serial = base::ToString(id.serial);
      const auto said = says.find(serial);
      if (said != says.end() && id.hash == x509::CertIdHash::kSha1 &&
          (until_asked == 0 || asked++ < until_asked)) {
        answers.push_back(said->second);
        continue;
      }
      std::string answer = world_.reader.Response(
          serial, id.hash == x509::CertIdHash::kSha256 ? 1 : 0);
      if (answer.empty()) {
        answer = base::ToString(
            x509::OcspError(x509::OcspResponseStatus::kUnauthorized));
      }
      answers.push_back(std::move(answer));
    }
    return answers;
  }

  absl::StatusOr<std::string> GetCrl(const std::string& file) override {
    if (file != "issuing.crl" || crl.empty()) return absl::NotFoundError("404");
    return crl;
  }

  std::string crl;
  bool down = false;
  std::map<std::string, std::string> says;  // By serial, to SHA-1.
  int until_asked = 0;                      // So often it says that; 0: always.
  int asked = 0;

 private:
  SignerWorld& world_;
  const std::string name_;
};

class AuditTest : public ::testing::Test {
 protected:
  AuditTest()
      : inventory_(*storage::OpenSqlite(crypto::testing::TempPath(
            std::string(::testing::UnitTest::GetInstance()
                            ->current_test_info()
                            ->name()) +
            ".sqlite"))) {
    for (int i = 0; i < 10; ++i) Issue("order " + std::to_string(i));
    world_.clock.Advance(absl::Seconds(10));
    good_ = world_.reader.Response(serials_[1]);
    EXPECT_TRUE(world_.Revoke("r", serials_[1], 4).ok());
    EXPECT_TRUE(world_.Revoke("h", serials_[2], 6).ok());
    EXPECT_TRUE(world_.SignBlockOf(serials_[0]).ok());
    SignCrl();
    Follow();
  }

  void Issue(const std::string& name) {
    serials_.push_back(world_.Issue(name)->serial);
  }
  void SignCrl() {
    const auto crl = *world_.SignCrl();
    ASSERT_TRUE(inventory_
                    ->PutCrl({.issuer_id = crl.issuer_id,
                              .number = crl.number,
                              .this_update = crl.this_update,
                              .next_update = crl.next_update,
                              .refresh_at = crl.refresh_at,
                              .ledger_size = crl.ledger_size,
                              .size = crl.size},
                             storage::OnePiece(crl.der))
                    .ok());
    for (FakeResponder* responder : {&first_, &second_}) {
      responder->crl = crl.der;
    }
  }

  // As a refresher does.
  void Follow() {
    const testing::Feed feed(world_);
    storage::LedgerStep step{.signer = "signer",
                             .next_index = feed.entries.size()};
    std::map<std::string, bool> blocks;
    for (const ledger::Entry& entry : feed.entries) {
      if (const auto* made =
              std::get_if<ledger::CertificateEntry>(&entry.body)) {
        storage::CertificateRow row{.issuer_id = made->issuer_id,
                                    .serial = made->serial,
                                    .der = made->certificate,
                                    .block_id = made->block_id,
                                    .place = made->place,
                                    .issued_at = entry.time,
                                    .ledger_index = entry.index};
        ASSERT_TRUE(storage::FillFromDer(row).ok());
        step.certificates.push_back(row);
        blocks[made->block_id] = true;
      } else if (const auto* status =
                     std::get_if<ledger::StatusEntry>(&entry.body)) {
        step.statuses.push_back(
            {.issuer_id = status->issuer_id,
             .serial = status->serial,
             .status = status->change == ledger::StatusChange::kHold
                           ? storage::CertificateStatus::kHeld
                           : storage::CertificateStatus::kRevoked,
             .reason = status->reason,
             .revoked_at = status->revoked_at,
             .ledger_index = entry.index});
      }
    }
    for (const auto& [id, unused] : blocks) {
      const block::Block& block = *world_.reader.Find(id);
      storage::BlockRow row{.block_id = id,
                            .issuer_id = world_.pki.issuer().issuer_id,
                            .version = block.version(),
                            .data = block.Encode()};
      for (const auto& one : block.templates()) {
        row.template_ids.push_back(base::ToString(one->id()));
        ASSERT_TRUE(
            inventory_->PutTemplate(row.template_ids.back(), one->encoded())
                .ok());
      }
      ASSERT_TRUE(inventory_->PutBlock(row).ok());
    }
    ASSERT_TRUE(inventory_->ApplyLedgerStep(step).ok());
    const auto head = *world_.signer.heads().Sign();
    ASSERT_TRUE(inventory_
                    ->PutHead("signer", {.time = head->head.time,
                                         .head = head->bytes.head,
                                         .index = head->bytes.index})
                    .ok());
  }

  AuditReport Report() {
    const PinnedKeys keys = testing::KeysOf(world_);
    return Audit({.ledger = feed_,
                  .inventory = inventory_.get(),
                  .responders = {&first_, &second_},
                  .keys = keys,
                  .clock = world_.clock,
                  .random = base::SystemRandom(),
                  .wait =
                      [&](absl::Duration time) {
                        world_.clock.Advance(time);
                        if (meanwhile_) meanwhile_();
                      },
                  .progress = {}},
                 {.signer = "signer", .threads = 2, .sample = sample_});
  }
  std::string Run() {
    const AuditReport report = Report();
    EXPECT_EQ(report.not_checked, std::vector<std::string>());
    return Summary(report.findings);
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
  std::string good_;
  std::unique_ptr<storage::Inventory> inventory_;
  FeedSource feed_{world_};
  FakeResponder first_{world_, "http://first"};
  FakeResponder second_{world_, "http://second"};
  uint64_t sample_ = 0;
  std::function<void()> meanwhile_;
};

TEST_F(AuditTest, AHealthyClusterIsClean) {
  const AuditReport report = Report();
  EXPECT_TRUE(report.clean()) << Summary(report.findings);
  EXPECT_EQ(report.checked.at("certificates"), 10u);
  EXPECT_EQ(report.checked.at("inventory_rows"), 10u);
  EXPECT_EQ(report.checked.at("blocks"), 2u);
  EXPECT_EQ(report.checked.at("answers"), 40u);
  EXPECT_EQ(report.checked.at("crls"), 3u);
  EXPECT_EQ(report.checked.at("heads"), 1u);
  EXPECT_EQ(report.ledger_size, world_.signer.ledger().Head().size);
}

TEST_F(AuditTest, ASampleAsksAboutSome) {
  sample_ = 5;
  const AuditReport report = Report();
  EXPECT_TRUE(report.clean()) << Summary(report.findings);
  EXPECT_EQ(report.checked.at("answers"), 20u);
}

TEST_F(AuditTest, WhatIsOnItsWayMayArrive) {
  // Issued and revoked, and the inventory has not followed yet.
  Issue("new");
  world_.clock.Advance(absl::Seconds(2));
  ASSERT_TRUE(world_.Revoke("late", serials_.back(), 1).ok());
  int waited = 0;
  meanwhile_ = [&] {
    if (++waited == 3) Follow();
  };
  EXPECT_EQ(Run(), "");
  EXPECT_GE(waited, 3);
}

TEST_F(AuditTest, AResponderThatIsAMomentBehindIsNotStale) {
  first_.says[serials_[1]] = good_;
  first_.until_asked = 2;
  EXPECT_EQ(Run(), "");
}

TEST_F(AuditTest, ALedgerThatWasChanged) {
  feed_.change_at = 5;
  EXPECT_NE(Run().find("ledger-root-differs x"), std::string::npos);
}

TEST_F(AuditTest, AResponderThatAnswersGoodForWhatIsRevoked) {
  first_.says[serials_[1]] = good_;
  EXPECT_EQ(Run(), "answer-status-differs x1");
}

TEST_F(AuditTest, AResponderWithoutARecord) {
  second_.says[serials_[0]] =
      base::ToString(x509::OcspError(x509::OcspResponseStatus::kUnauthorized));
  EXPECT_EQ(Run(), "answer-missing x1");
}

TEST_F(AuditTest, AResponderThatIsDownIsSaidSo) {
  second_.down = true;
  const AuditReport report = Report();
  EXPECT_EQ(Summary(report.findings), "");
  ASSERT_EQ(report.not_checked.size(), 2u);
  EXPECT_EQ(report.not_checked[0],
            "responder http://second: connection refused");
}

TEST_F(AuditTest, ACrlThatIsOldOrMissing) {
  world_.clock.Advance(absl::Seconds(2));
  const std::string old = first_.crl;
  SignCrl();
  Follow();
  first_.crl = old;
  EXPECT_EQ(Run(), "crl-stale x1");
  first_.crl.clear();
  EXPECT_EQ(Run(), "crl-missing x1");
}

TEST_F(AuditTest, ABlockThatTheInventoryDoesNotHave) {
  for (int i = 0; i < 8; ++i) Issue("more " + std::to_string(i));
  storage::LedgerStep step{.signer = "signer",
                           .next_index = world_.signer.ledger().Head().size};
  ASSERT_TRUE(inventory_->ApplyLedgerStep(step).ok());
  EXPECT_EQ(Run(),
            "inventory-row-missing x8; inventory-block-missing x1; "
            "inventory-block-stale x1");
}

TEST_F(AuditTest, ARowOfNobodyIsAskedAbout) {
  ASSERT_TRUE(
      inventory_
          ->AddCertificates({{.issuer_id = world_.pki.issuer().issuer_id,
                              .serial = "nobody",
                              .der = "nothing"}})
          .ok());
  first_.says["nobody"] = good_;
  EXPECT_EQ(Run(), "inventory-row-unissued x1; unissued-serial-answered x1");
}

TEST_F(AuditTest, ARevocationThatNoCrlStatesInTime) {
  world_.clock.Advance(absl::Seconds(2));
  ASSERT_TRUE(world_.Revoke("late", serials_[3], 1).ok());
  Follow();
  world_.clock.Advance(absl::Minutes(14));
  EXPECT_EQ(Run(), "");
  world_.clock.Advance(absl::Minutes(2));
  EXPECT_EQ(Run(), "revocation-not-on-crl x1");
}

TEST_F(AuditTest, BlocksThatAreNotSignedInTime) {
  world_.clock.Advance(absl::Hours(97));
  const std::string summary = Run();
  EXPECT_NE(summary.find("inventory-block-stale x2"), std::string::npos)
      << summary;
  EXPECT_NE(summary.find("answer-expired x40"), std::string::npos) << summary;
}

}  // namespace
}  // namespace chancery::audit
