// Certificates and all that is made of them, from issuance until nothing is
// left anywhere but the ledger (TRUST 5, 7): a signer, an inventory, a
// refresher and responders, hour by hour, with nothing that fails.
#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"
#include "storage/open.h"
#include "tests/model/checker.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"
#include "tests/model/refresher_node.h"
#include "tests/model/responder_node.h"
#include "tests/model/signer_node.h"
#include "x509/crl/crl.h"

namespace chancery::model {
namespace {

using signer::testing::SignerWorld;
using signer::testing::TestPki;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

class LifeTest : public ::testing::Test {
 protected:
  LifeTest() {
    for (int number : {0, 1}) {
      responders_.push_back(std::make_unique<ResponderNode>(
          ResponderNode::Options{
              .number = number,
              .folder = Folder() + "/crls" + std::to_string(number)},
          pki_, clock_, log_, dice_, checker_));
    }
    refresher_ = std::make_unique<RefresherNode>(
        "one", RefresherNode::World{.signer = address_,
                                    .standby = nobody_,
                                    .inventory = *inventory_,
                                    .responders = responders_,
                                    .network = network_,
                                    .dice = dice_,
                                    .clock = clock_,
                                    .log = log_});
  }
  static std::string Folder() { return ::testing::TempDir(); }

  std::string Issue(const std::string& request) {
    const auto issued =
        signer_.core().issuance().Issue({.asker = SignerWorld::Ask(request),
                                         .issuer = "issuing",
                                         .profile = "server",
                                         .csr = SignerWorld::Csr()});
    EXPECT_TRUE(issued.ok()) << issued.status();
    return issued->serial;
  }
  void Revoke(const std::string& serial) {
    const auto revoked =
        signer_.core().revocation().Revoke({.asker = SignerWorld::Ask("revoke"),
                                            .issuer = "issuing",
                                            .serial = serial,
                                            .reason = 4});
    EXPECT_TRUE(revoked.ok()) << revoked.status();
  }
  // What a refresher does in an hour, once.
  void Hour() {
    clock_.Advance(absl::Hours(1));
    while (*refresher_->follower().Step()) {
    }
    ASSERT_TRUE(refresher_->blocks().Step().ok());
    ASSERT_TRUE(refresher_->blocks().Reconcile().ok());
    ASSERT_TRUE(refresher_->crls().Step().ok());
    ASSERT_TRUE(refresher_->StepHeads().ok());
    for (size_t i = 0; i < responders_.size(); ++i) {
      // A message may come late, and is sent again.
      absl::Status converged = refresher_->Converge(i);
      for (int again = 0; !converged.ok() && again < 20; ++again) {
        converged = refresher_->Converge(i);
      }
      ASSERT_TRUE(converged.ok()) << converged << "\n" << lines_.str();
      responders_[i]->blocks().DropEnded();
    }
  }
  // Of all responders, which agree.
  Answer::Kind Ask(const std::string& serial) {
    const Answer first = responders_[0]->Ask(serial, x509::CertIdHash::kSha256);
    EXPECT_EQ(responders_[1]->Ask(serial, x509::CertIdHash::kSha1).kind,
              first.kind);
    return first.kind;
  }
  bool IsOnCrl(const std::string& serial) {
    const std::string der = responders_[0]->Crl();
    const auto crl = x509::ParseCrl(base::AsBytes(der));
    EXPECT_TRUE(crl.ok()) << crl.status();
    bool found = false;
    EXPECT_TRUE(x509::ForEachEntry(*crl, [&](const x509::CrlEntry& entry) {
                  found = found || base::ToString(entry.serial) == serial;
                  return absl::OkStatus();
                }).ok());
    return found;
  }
  size_t HeldBlocks() const {
    size_t most = 0;
    for (const auto& responder : responders_) {
      most = std::max(most, responder->replica().Blocks().size());
    }
    return most;
  }

  const TestPki pki_{{.now = kStart,
                      .ocsp_validity = absl::Hours(20),
                      .crl_validity = absl::Hours(40),
                      .block_capacity = 4,
                      .leaf_validity = absl::Hours(24)}};
  Dice dice_{1};
  base::testing::FakeClock clock_{kStart};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  Network network_{dice_};
  Checker checker_{pki_.issuer().ocsp_signer_not_after};
  SignerNode signer_{{}, pki_, clock_, dice_, checker_};
  const SignerAddress address_{&signer_};
  const SignerAddress nobody_;
  const std::unique_ptr<storage::Inventory> inventory_ =
      *storage::OpenSqlite(Folder() + "/inventory");
  std::vector<std::unique_ptr<ResponderNode>> responders_;
  std::unique_ptr<RefresherNode> refresher_;
};

TEST_F(LifeTest, ExpiredCertificatesLeaveBlocksRespondersAndCrls) {
  const std::string good = Issue("good");
  const std::string revoked = Issue("revoked");
  const absl::Time end = clock_.Now() + absl::Hours(24) - absl::Minutes(5);
  Hour();
  EXPECT_EQ(Ask(good), Answer::Kind::kGood);
  Revoke(revoked);
  while (clock_.Now() + absl::Hours(1) < end) {
    Hour();
    ASSERT_EQ(Ask(good), Answer::Kind::kGood);
    ASSERT_EQ(Ask(revoked), Answer::Kind::kRevoked);
    ASSERT_TRUE(IsOnCrl(revoked));
  }
  ASSERT_EQ(HeldBlocks(), 1u);

  // A `good` answer ends with its certificate; what is kept of it leaves at the
  // refresh after, and the block with its last answer.
  Hour();
  Hour();
  EXPECT_EQ(Ask(good), Answer::Kind::kNone);
  EXPECT_TRUE(IsOnCrl(revoked));
  const absl::Time latest = end + absl::Hours(20 + 20);
  while (!inventory_->BlockVersions()->empty()) {
    ASSERT_LT(clock_.Now(), latest);
    Hour();
  }
  EXPECT_EQ(Ask(revoked), Answer::Kind::kNone);
  while (HeldBlocks() > 0) {
    ASSERT_LT(clock_.Now(), latest + absl::Hours(25));
    Hour();
  }
  // Responders are ready without a block.
  for (const auto& responder : responders_) {
    EXPECT_TRUE(responder->replica().Ready().ok());
  }
  for (int hour = 0; hour < 48; ++hour) Hour();
  EXPECT_TRUE(inventory_->BlockVersions()->empty());
  EXPECT_EQ(HeldBlocks(), 0u);
  // CRLs are made on, and name it no more.
  EXPECT_FALSE(IsOnCrl(revoked));

  // And it all begins again.
  const std::string another = Issue("another");
  Hour();
  EXPECT_EQ(Ask(another), Answer::Kind::kGood);
  EXPECT_EQ(checker_.violation(), "");
}

}  // namespace
}  // namespace chancery::model
