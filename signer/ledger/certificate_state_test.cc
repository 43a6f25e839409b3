#include "signer/ledger/certificate_state.h"

#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using ::chancery::base::testing::IsOk;
using ::chancery::base::testing::StatusIs;
using Status = CertificateStatus;
using Change = ledger::StatusChange;

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
const absl::Time kThen = kNow - absl::Hours(1);
const absl::Time kEarlier = kNow - absl::Hours(2);

struct Row {
  std::string name;
  Status status = Status::kGood;
  int reason = 0;
  Change change = Change::kRevoke;
  int new_reason = 0;
  absl::Time date = kThen;
  bool allowed = false;
};

CertificateState StateOf(const Row& row) {
  CertificateState state;
  state.serial = "\x01";
  state.status = row.status;
  state.reason = static_cast<uint8_t>(row.reason);
  state.revoked_at = row.status == Status::kGood ? absl::UnixEpoch() : kThen;
  return state;
}

// TRUST 2.2, one row for each arrow that is or is not there.
TEST(ChangeStatusTest, AllowsOnlyWhatTrustAllows) {
  for (const Row& row : std::vector<Row>{
           {"good to revoked", Status::kGood, 0, Change::kRevoke, 4, kThen,
            true},
           {"good to held", Status::kGood, 0, Change::kHold, 6, kThen, true},
           {"good to good", Status::kGood, 0, Change::kRelease, 0,
            absl::UnixEpoch(), false},
           {"held to good", Status::kHeld, 6, Change::kRelease, 0,
            absl::UnixEpoch(), true},
           {"held to held", Status::kHeld, 6, Change::kHold, 6, kThen, false},
           {"held to revoked, same date", Status::kHeld, 6, Change::kRevoke, 4,
            kThen, true},
           {"held to revoked, later", Status::kHeld, 6, Change::kRevoke, 4,
            kNow, false},
           {"held to revoked, earlier", Status::kHeld, 6, Change::kRevoke, 1,
            kEarlier, false},
           {"revoked to good", Status::kRevoked, 4, Change::kRelease, 0,
            absl::UnixEpoch(), false},
           {"compromised to good", Status::kRevoked, 1, Change::kRelease, 0,
            absl::UnixEpoch(), false},
           {"revoked to held", Status::kRevoked, 4, Change::kHold, 6, kThen,
            false},
           {"revoked to another reason", Status::kRevoked, 4, Change::kRevoke,
            5, kThen, false},
           {"revoked to the same", Status::kRevoked, 4, Change::kRevoke, 4,
            kThen, false},
           {"revoked to compromised", Status::kRevoked, 4, Change::kRevoke, 1,
            kThen, true},
           {"revoked to compromised, earlier", Status::kRevoked, 4,
            Change::kRevoke, 1, kEarlier, true},
           {"revoked to compromised, later", Status::kRevoked, 4,
            Change::kRevoke, 1, kNow, false},
           {"compromised to the same", Status::kRevoked, 1, Change::kRevoke, 1,
            kThen, false},
           {"compromised, earlier", Status::kRevoked, 1, Change::kRevoke, 1,
            kEarlier, true},
           {"compromised to a lesser reason", Status::kRevoked, 1,
            Change::kRevoke, 4, kThen, false},
       }) {
    SCOPED_TRACE(row.name);
    ledger::StatusEntry change;
    change.change = row.change;
    change.reason = static_cast<uint8_t>(row.new_reason);
    change.revoked_at = row.date;
    const auto changed = ChangeStatus(StateOf(row), change, kNow);
    if (!row.allowed) {
      EXPECT_THAT(changed,
                  StatusIs(absl::StatusCode::kFailedPrecondition, "serial 01"));
      continue;
    }
    ASSERT_THAT(changed, IsOk());
    EXPECT_EQ(changed->status, row.change == Change::kRevoke ? Status::kRevoked
                               : row.change == Change::kHold ? Status::kHeld
                                                             : Status::kGood);
    EXPECT_EQ(changed->reason, row.new_reason);
    EXPECT_EQ(changed->revoked_at, row.date);
  }
}

TEST(ChangeStatusTest, RefusesADateInTheFuture) {
  ledger::StatusEntry change;
  change.revoked_at = kNow + absl::Seconds(1);
  EXPECT_THAT(ChangeStatus(StateOf({}), change, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, "in the future"));
}

}  // namespace
}  // namespace chancery::signer
