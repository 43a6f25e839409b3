// Certificates of an issuer of policy `br` from issuance to the last CRL that
// names them, hour by hour (TRUST 5, 7; policy/br_revocation.h).
#include <string>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "policy/br_revocation.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using testing::OpenSslOracle;
using testing::SignerWorld;

// A signer whose blocks and CRLs somebody refreshes as soon as they are due.
class CertificateLifeTest : public ::testing::Test {
 protected:
  explicit CertificateLifeTest(absl::Duration life = absl::Hours(24 * 12),
                               absl::Duration ocsp_validity = absl::Hours(96))
      : world_({.ocsp_validity = ocsp_validity,
                .crl_validity = absl::Hours(240),
                .policy = RevocationPolicy::kBr,
                .leaf_validity = life}) {}

  std::string Issue(const std::string& request) {
    const auto issued = world_.Issue(request);
    EXPECT_THAT(issued, IsOk());
    block_id_ = world_.State(issued->serial).block_id;
    return issued->serial;
  }
  absl::Time RefreshAt() {
    const auto view = world_.signer.ledger().Read();
    return (*view)->state().Block(block_id_)->refresh_at;
  }
  void SignCrl() {
    const auto crl = world_.SignCrl();
    ASSERT_THAT(crl, IsOk());
    crl_ = world_.openssl.ReadCrl(crl->der);
    crl_refresh_at_ = crl->refresh_at;
    EXPECT_THAT(policy::br::CheckCrlValidity(
                    policy::br::Inclusive(crl_.this_update, crl_.next_update),
                    policy::br::Covers::kSubscribers),
                IsOk());
  }
  // One hour, and what is due after it.
  void Hour() {
    world_.clock.Advance(absl::Hours(1));
    if (RefreshAt() <= world_.now()) {
      const auto updates = world_.signer.blocks().SignBlock(block_id_);
      ASSERT_THAT(updates, IsOk());
      ASSERT_THAT(world_.reader.Take(updates->updates), IsOk());
      ++refreshes_;
    }
    if (crl_refresh_at_ <= world_.now()) SignCrl();
    ASSERT_LE(world_.now(), policy::br::CrlUpdateBy(crl_.this_update));
  }
  // What a client is answered is current, and within the Requirements.
  void ExpectAnswer(const std::string& serial, const std::string& status) {
    const OpenSslOracle::Ocsp answer = world_.Answer(serial);
    ASSERT_EQ(answer.status, status);
    ASSERT_LE(answer.this_update, world_.now());
    ASSERT_GT(answer.next_update, world_.now());
    EXPECT_THAT(policy::br::CheckOcspValidity(policy::br::Inclusive(
                    answer.this_update, answer.next_update)),
                IsOk());
    const absl::Time end = world_.State(serial).not_after;
    if (answer.next_update == end) return;  // The last: none has to follow.
    EXPECT_LE(world_.now(),
              policy::br::OcspUpdateBy(answer.this_update, answer.next_update));
  }
  bool IsHeld(const std::string& serial) {
    return world_.reader.Record(serial).status != block::RecordStatus::kEmpty;
  }

  SignerWorld world_;
  std::string block_id_;
  OpenSslOracle::Crl crl_;
  absl::Time crl_refresh_at_;
  int refreshes_ = 0;
};

TEST_F(CertificateLifeTest, FromIssuanceToTheLastCrl) {
  const std::string good = Issue("good");
  const std::string revoked = Issue("revoked");
  SignCrl();
  const absl::Time end = world_.State(revoked).not_after;

  for (int hour = 0; world_.now() + absl::Hours(1) < end; ++hour) {
    Hour();
    if (hour == 100) {
      ASSERT_THAT(world_.Revoke("stop", revoked, 4), IsOk());
      SignCrl();
    }
    if (hour % 5 != 0) continue;  // OpenSSL is slow.
    ExpectAnswer(good, "good");
    ExpectAnswer(revoked, hour < 100 ? "good" : "revoked");
    EXPECT_EQ(crl_.entries.count(revoked), hour < 100 ? 0u : 1u);
  }
  EXPECT_EQ(refreshes_, 5);  // Every other day.

  // They have expired: the next refresh finds nothing to sign, and there is
  // none after it.
  const int before = refreshes_;
  while (RefreshAt() != absl::InfiniteFuture()) {
    ASSERT_LT(world_.now(), end + absl::Hours(96));
    Hour();
  }
  EXPECT_EQ(refreshes_, before + 1);
  EXPECT_FALSE(IsHeld(good));
  EXPECT_FALSE(IsHeld(revoked));

  // One CRL after its end names it; the one after that does not have to.
  int past_end = 0;
  absl::Time last = crl_.this_update;
  while (crl_.entries.count(revoked) > 0) {
    Hour();
    if (crl_.this_update == last) continue;
    last = crl_.this_update;
    if (last > end && crl_.entries.count(revoked) > 0) ++past_end;
    ASSERT_LE(past_end, 2);
  }
  EXPECT_GE(past_end, 1);
  for (int hour = 0; hour < 200; ++hour) Hour();
  EXPECT_EQ(refreshes_, before + 1);
}

class ShortCertificateLifeTest : public CertificateLifeTest {
 protected:
  ShortCertificateLifeTest()
      : CertificateLifeTest(absl::Hours(10), absl::Hours(8)) {}
};

// An open block takes members for a day; all of it may have expired by then.
TEST_F(ShortCertificateLifeTest, ABlockThatHadEndedIsRefreshedAgain) {
  Issue("first");
  SignCrl();
  const std::string ended = block_id_;
  for (int hour = 0; hour < 15; ++hour) Hour();
  ASSERT_EQ(RefreshAt(), absl::InfiniteFuture());
  const std::string second = Issue("second");
  ASSERT_EQ(block_id_, ended);
  // Whole: a delta would leave it where it was in everybody's schedule.
  const auto update = world_.signer.blocks().GetBlock(ended, 0);
  ASSERT_THAT(update, IsOk());
  EXPECT_FALSE(update->updates.front().is_delta());
  EXPECT_EQ(update->updates.size(), 1u);
  ExpectAnswer(second, "good");
  EXPECT_EQ(RefreshAt(), world_.now() + absl::Hours(3.5));
}

// After an outage of refreshers the last response is too old to last to the
// certificate's end: it is signed again, short as it is.
TEST_F(CertificateLifeTest, ALateRefreshLeavesNoGapBeforeTheEnd) {
  const std::string serial = Issue("late");
  const absl::Time end = world_.State(serial).not_after;
  // The response that would be the last but one.
  while (world_.now() < end - absl::Hours(98)) {
    world_.clock.Advance(absl::Hours(1));
  }
  ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
  ASSERT_LT(world_.Answer(serial).next_update, end);
  world_.clock.Advance(absl::Hours(92));
  ASSERT_LT(end - world_.now(), absl::Hours(8));
  ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
  EXPECT_EQ(world_.Answer(serial).next_update, end);
}

// In time, the last response lasts, and is not signed again (TRUST 5).
TEST_F(CertificateLifeTest, TheLastResponseIsLeftAlone) {
  const std::string serial = Issue("last");
  const absl::Time end = world_.State(serial).not_after;
  world_.clock.Advance(end - absl::Hours(50) - world_.now());
  ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
  const absl::Time last = world_.Answer(serial).this_update;
  world_.clock.Advance(absl::Hours(43));
  ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
  EXPECT_EQ(world_.Answer(serial).this_update, last);
  EXPECT_EQ(world_.Answer(serial).next_update, end);
}

// "If it is revoked, it gets at least 8 h" (TRUST 5).
TEST_F(CertificateLifeTest, ARevocationInTheLastHoursIsAnsweredForEight) {
  const std::string serial = Issue("short");
  world_.clock.Advance(world_.State(serial).not_after - world_.now() -
                       absl::Minutes(10));
  ASSERT_THAT(world_.Revoke("stop", serial, 1), IsOk());
  const OpenSslOracle::Ocsp answer = world_.Answer(serial);
  EXPECT_EQ(answer.status, "revoked");
  EXPECT_GE(policy::br::Inclusive(answer.this_update, answer.next_update),
            absl::Hours(8));
}

}  // namespace
}  // namespace chancery::signer
