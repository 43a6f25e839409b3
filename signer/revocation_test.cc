#include "signer/revocation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::Not;
using testing::SignerWorld;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kNotFound = absl::StatusCode::kNotFound;
constexpr auto kExists = absl::StatusCode::kAlreadyExists;

class RevocationTest : public ::testing::Test {
 protected:
  explicit RevocationTest(RevocationPolicy policy = RevocationPolicy::kPrivate)
      : world_({.policy = policy}) {
    const auto issued = world_.Issue("issue");
    EXPECT_THAT(issued, IsOk());
    serial_ = issued->serial;
    begin_ = world_.now();
    world_.clock.Advance(absl::Hours(10));
  }

  absl::StatusOr<Revoked> Revoke(int reason,
                                 std::optional<absl::Time> date = {}) {
    return world_.Revoke(absl::StrCat("request ", ++requests_), serial_, reason,
                         date);
  }
  absl::StatusOr<Revoked> Release() {
    return world_.Release(absl::StrCat("request ", ++requests_), serial_);
  }

  // Time goes by with its records signed again, as in a real signer.
  void PassUntil(absl::Time time) {
    while (world_.now() < time) {
      world_.clock.Advance(std::min(time - world_.now(), absl::Hours(72)));
      EXPECT_THAT(world_.SignBlockOf(serial_), IsOk());
    }
  }

  // Ledger, OCSP record and CRL say the same.
  void ExpectRevoked(const std::string& ocsp_reason,
                     const std::string& crl_reason, absl::Time date) {
    EXPECT_NE(world_.State(serial_).status, CertificateStatus::kGood);
    for (const size_t number : {0, 1}) {
      const auto answer = world_.openssl.AskOcsp(
          world_.reader.Response(serial_, number), serial_, world_.now(),
          number == 0 ? "sha1" : "sha256");
      EXPECT_EQ(answer.status, "revoked");
      EXPECT_EQ(answer.reason, ocsp_reason);
      EXPECT_EQ(answer.revoked_at, date);
      // TRUST 2.8.
      EXPECT_GE(answer.this_update, date);
      EXPECT_LE(answer.this_update, world_.now());
    }
    const auto crl = world_.SignCrl();
    ASSERT_THAT(crl, IsOk());
    const auto read = world_.openssl.ReadCrl(crl->der);
    EXPECT_TRUE(read.verified);
    ASSERT_EQ(read.entries.count(serial_), 1u);
    EXPECT_EQ(read.entries.at(serial_).reason, crl_reason);
    EXPECT_EQ(read.entries.at(serial_).revoked_at, date);
  }
  void ExpectGood() {
    EXPECT_EQ(world_.Answer(serial_).status, "good");
    const auto crl = world_.SignCrl();
    ASSERT_THAT(crl, IsOk());
    EXPECT_EQ(world_.openssl.ReadCrl(crl->der).entries.count(serial_), 0u);
  }

  SignerWorld world_;
  std::string serial_;
  absl::Time begin_;
  int requests_ = 0;
};

class BrRevocationTest : public RevocationTest {
 protected:
  BrRevocationTest() : RevocationTest(RevocationPolicy::kBr) {}
};

// TRUST 2.2: "Revoke takes reasons 0-6, 9, 10"; "0 is written as absence".
TEST_F(RevocationTest, EachReasonIsSaidByOcspAndCrl) {
  struct Row {
    int reason;
    const char* ocsp;
    const char* crl;
  };
  const std::vector<Row> rows = {
      {0, "", ""},
      {1, "keyCompromise", "Key Compromise"},
      {2, "cACompromise", "CA Compromise"},
      {3, "affiliationChanged", "Affiliation Changed"},
      {4, "superseded", "Superseded"},
      {5, "cessationOfOperation", "Cessation Of Operation"},
      {6, "certificateHold", "Certificate Hold"},
      // OpenSSL 3.0 has no names for these two in OCSP.
      {9, "(UNKNOWN)", "Privilege Withdrawn"},
      {10, "(UNKNOWN)", "AA Compromise"}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.reason);
    const auto issued = world_.Issue(absl::StrCat("issue ", row.reason));
    ASSERT_THAT(issued, IsOk());
    serial_ = issued->serial;
    const absl::Time date = world_.now();
    const auto revoked = Revoke(row.reason);
    ASSERT_THAT(revoked, IsOk());
    EXPECT_TRUE(revoked->revoked);
    EXPECT_FALSE(revoked->updates.empty());
    ExpectRevoked(row.ocsp, row.crl, date);
  }
}

TEST_F(RevocationTest, RefusesOtherReasons) {
  for (const int reason : {-1, 7, 8, 11, 255, 256, 257}) {
    EXPECT_THAT(Revoke(reason), StatusIs(kInvalid, absl::StrCat(reason)));
  }
  ExpectGood();
}

// TRUST 2.2: "policy br 0, 1, 3, 4, 5, 9".
TEST_F(BrRevocationTest, HasFewerReasonsAndNoHold) {
  for (const int reason : {2, 6, 7, 8, 10}) {
    EXPECT_THAT(Revoke(reason), StatusIs(kInvalid, absl::StrCat(reason)));
  }
  ExpectGood();
  for (const int reason : {0, 3, 4, 5, 9}) {
    const auto issued = world_.Issue(absl::StrCat("issue ", reason));
    ASSERT_THAT(issued, IsOk());
    EXPECT_THAT(world_.Revoke(absl::StrCat(reason), issued->serial, reason),
                IsOk());
  }
  EXPECT_THAT(Revoke(1), IsOk());
}

// TRUST 2.2: "`revoked` never becomes `good`".
TEST_F(RevocationTest, NothingMakesARevokedCertificateGood) {
  const absl::Time date = world_.now();
  ASSERT_THAT(Revoke(4), IsOk());
  EXPECT_THAT(Release(),
              StatusIs(kPrecondition, "revoked with reason superseded"));
  EXPECT_THAT(Revoke(6), StatusIs(kPrecondition, "held"));
  EXPECT_THAT(world_.Issue("issue"), IsOk());  // Repeated.
  for (int days = 0; days < 80; days += 20) {
    PassUntil(world_.now() + absl::Hours(24 * 20));
    ExpectRevoked("superseded", "Superseded", date);
    ASSERT_THAT(world_.PowerCut(), IsOk());
    EXPECT_THAT(Release(), Not(IsOk()));
  }
}

// TRUST 2.2: "any other reason may change only to keyCompromise".
TEST_F(RevocationTest, AReasonChangesOnlyToKeyCompromise) {
  const absl::Time date = world_.now();
  ASSERT_THAT(Revoke(4), IsOk());
  world_.clock.Advance(absl::Hours(1));
  for (const int reason : {0, 2, 3, 5, 6, 9, 10}) {
    EXPECT_THAT(Revoke(reason), Not(IsOk())) << reason;
  }
  // "and with that the date may move earlier, never later".
  EXPECT_THAT(Revoke(1, date + absl::Seconds(1)),
              StatusIs(kPrecondition, "never moves later"));
  ExpectRevoked("superseded", "Superseded", date);
  ASSERT_THAT(Revoke(1), IsOk());
  ExpectRevoked("keyCompromise", "Key Compromise", date);
  ASSERT_THAT(Revoke(1, date - absl::Hours(2)), IsOk());
  ExpectRevoked("keyCompromise", "Key Compromise", date - absl::Hours(2));
  EXPECT_THAT(Revoke(1, date), StatusIs(kPrecondition, "never moves later"));
  EXPECT_THAT(Revoke(4), Not(IsOk()));
  ExpectRevoked("keyCompromise", "Key Compromise", date - absl::Hours(2));
}

TEST_F(RevocationTest, RepeatingItChangesNothing) {
  ASSERT_THAT(Revoke(4), IsOk());
  const uint64_t size = world_.signer.ledger().Head().size;
  world_.clock.Advance(absl::Hours(1));
  const auto again = Revoke(4);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->revoked_at, world_.now() - absl::Hours(1));
  EXPECT_EQ(world_.signer.ledger().Head().size, size);
}

// TRUST 2.2: "certificateHold may become good by Release, or revoked with any
// reason keeping the hold's date".
TEST_F(RevocationTest, AHoldMayBeReleasedAndHeldAgain) {
  for (int round = 0; round < 3; ++round) {
    const absl::Time date = world_.now();
    ASSERT_THAT(Revoke(6), IsOk());
    ExpectRevoked("certificateHold", "Certificate Hold", date);
    world_.clock.Advance(absl::Hours(1));
    const auto released = Release();
    ASSERT_THAT(released, IsOk());
    EXPECT_FALSE(released->revoked);
    ExpectGood();
    EXPECT_THAT(Release(), StatusIs(kPrecondition, "good"));
    world_.clock.Advance(absl::Hours(1));
  }
}

TEST_F(RevocationTest, AHoldBecomesARevocationOfItsDate) {
  const absl::Time date = world_.now();
  ASSERT_THAT(Revoke(6), IsOk());
  world_.clock.Advance(absl::Hours(1));
  ASSERT_THAT(Revoke(4), IsOk());
  ExpectRevoked("superseded", "Superseded", date);
  EXPECT_THAT(Release(), StatusIs(kPrecondition, "revoked"));
  EXPECT_THAT(Revoke(6), StatusIs(kPrecondition, "revoked"));
}

// TRUST 2.8: no response is from before a revocation that it states.
TEST_F(RevocationTest, RefusesDatesThatCannotBe) {
  EXPECT_THAT(Revoke(1, world_.now() + absl::Seconds(1)),
              StatusIs(kInvalid, "future"));
  EXPECT_THAT(Revoke(1, absl::InfiniteFuture()), StatusIs(kInvalid, "future"));
  EXPECT_THAT(Revoke(1, absl::UnixEpoch() - absl::Seconds(1)),
              StatusIs(kInvalid, "1970"));
  EXPECT_THAT(Revoke(1, absl::InfinitePast()), StatusIs(kInvalid, "1970"));
  EXPECT_THAT(Revoke(1, world_.now() - absl::Milliseconds(1)),
              StatusIs(kInvalid, "revoked"));
  ExpectGood();
  ASSERT_THAT(Revoke(1, begin_ - absl::Hours(48)), IsOk());
  ExpectRevoked("keyCompromise", "Key Compromise", begin_ - absl::Hours(48));
}

// TRUST 2.8: "at least one second later than in what it replaces".
TEST_F(RevocationTest, EachRecordIsASecondYoungerThanTheOneBefore) {
  std::vector<absl::Time> times = {world_.Answer(serial_).this_update};
  ASSERT_THAT(Revoke(6), IsOk());
  times.push_back(world_.Answer(serial_).this_update);
  ASSERT_THAT(Release(), IsOk());
  times.push_back(world_.Answer(serial_).this_update);
  ASSERT_THAT(Revoke(6), IsOk());
  times.push_back(world_.Answer(serial_).this_update);
  ASSERT_THAT(Revoke(1), IsOk());
  times.push_back(world_.Answer(serial_).this_update);
  for (size_t i = 1; i < times.size(); ++i) {
    EXPECT_GE(times[i], times[i - 1] + absl::Seconds(1)) << i;
  }
  EXPECT_LE(times.back(), world_.now());
}

// TRUST 4: "Deltas of a block within 10 ms share one manifest". Nobody waits
// for the first.
TEST_F(RevocationTest, DeltasOfABlockKeepApart) {
  const auto second = world_.Issue("second");
  const auto third = world_.Issue("third");
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT(third, IsOk());
  world_.clock.Advance(absl::Seconds(1));
  const absl::Time begin = world_.now();
  ASSERT_THAT(Revoke(4), IsOk());
  EXPECT_EQ(world_.now(), begin);
  ASSERT_THAT(world_.Revoke("a", second->serial, 4), IsOk());
  EXPECT_EQ(world_.now(), begin + absl::Milliseconds(10));
  world_.clock.Advance(absl::Milliseconds(10));
  ASSERT_THAT(world_.Revoke("b", third->serial, 4), IsOk());
  EXPECT_EQ(world_.now(), begin + absl::Milliseconds(20));
}

// TRUST 3: "the same id with another request is refused".
TEST_F(RevocationTest, ARequestIdIsOneRequest) {
  ASSERT_THAT(world_.Revoke("1", serial_, 4), IsOk());
  EXPECT_THAT(world_.Revoke("1", serial_, 1), StatusIs(kExists, "\"1\""));
  EXPECT_THAT(world_.Release("1", serial_), StatusIs(kExists, "\"1\""));
  EXPECT_THAT(world_.Issue("1"), StatusIs(kExists, "\"1\""));
  EXPECT_THAT(world_.Revoke("1", serial_, 4), IsOk());
  const auto other = world_.Issue("2");
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(world_.Revoke("1", other->serial, 4), StatusIs(kExists, "\"1\""));
  EXPECT_EQ(world_.Answer(other->serial).status, "good");
}

TEST_F(RevocationTest, NoDateAndTheFirstDateOfAllAreTwoRequests) {
  ASSERT_THAT(world_.Revoke("1", serial_, 1), IsOk());
  EXPECT_THAT(world_.Revoke("1", serial_, 1, absl::UnixEpoch()),
              StatusIs(kExists, "\"1\""));
}

// A request that comes late, after what was done since, undoes nothing.
TEST_F(RevocationTest, ALateRepetitionOfAReleaseReleasesNothing) {
  ASSERT_THAT(world_.Revoke("1", serial_, 6), IsOk());
  ASSERT_THAT(world_.Release("2", serial_), IsOk());
  ASSERT_THAT(world_.Revoke("3", serial_, 6), IsOk());
  const auto late = world_.Release("2", serial_);
  ASSERT_THAT(late, IsOk());
  EXPECT_TRUE(late->revoked);  // It says what is, not what was asked.
  EXPECT_EQ(world_.Answer(serial_).status, "revoked");
}

// TRUST 2.1: of what is not in the ledger nothing is said.
TEST_F(RevocationTest, RefusesWhatWasNeverIssued) {
  for (const std::string& serial :
       {std::string(), std::string(1, '\0'), std::string(17, '\1'),
        std::string(1, '\0') + serial_, serial_.substr(1),
        std::string(100, 'x')}) {
    EXPECT_THAT(world_.Revoke("1", serial),
                StatusIs(kNotFound, "never issued"));
    EXPECT_THAT(world_.Release("2", serial), StatusIs(kNotFound, ""));
  }
  EXPECT_THAT(world_.signer.revocation().Revoke({.asker = SignerWorld::Ask("1"),
                                                 .issuer = "other",
                                                 .serial = serial_,
                                                 .reason = 1,
                                                 .revoked_at = {}}),
              StatusIs(kNotFound, "other"));
}

// TRUST 5: "if it is revoked, it gets at least 8 h", however soon it ends.
TEST_F(RevocationTest, ARevocationInTheLastHoursIsStillSaid) {
  PassUntil(world_.State(serial_).not_after - absl::Minutes(30));
  ASSERT_THAT(Revoke(1), IsOk());
  const auto answer = world_.Answer(serial_);
  EXPECT_EQ(answer.status, "revoked");
  EXPECT_GE(answer.next_update, world_.now() + absl::Hours(8));
}

// As before, but what changes it back comes before the record was signed.
TEST_F(RevocationTest, AHoldReleasedBeforeItWasSaidIsGood) {
  PassUntil(world_.State(serial_).not_after - absl::Hours(2));
  world_.disk.FailWrite(2, testing::FakeDisk::Failure::kBefore);
  ASSERT_THAT(Revoke(6), IsOk());  // In the ledger, without its record.
  ASSERT_THAT(world_.PowerCut(), IsOk());
  const auto released = Release();
  ASSERT_THAT(released, IsOk());
  EXPECT_FALSE(released->revoked);
  const auto block =
      world_.signer.blocks().GetBlock(world_.State(serial_).block_id, 0);
  ASSERT_THAT(block, IsOk());
  ASSERT_THAT(world_.reader.Take(block->updates), IsOk());
  ExpectGood();
}

}  // namespace
}  // namespace chancery::signer
