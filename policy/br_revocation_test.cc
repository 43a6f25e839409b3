#include "policy/br_revocation.h"

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::policy::br {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr absl::Duration kSecond = absl::Seconds(1);
constexpr absl::Time kThis = absl::FromUnixSeconds(1'780'000'000);

struct Rule {
  const char* section;
  const char* what;
  absl::Status found;
  bool allowed;
};

// The limits as the Baseline Requirements have them, a second to each side.
TEST(BrRevocationTest, HasTheLimitsOfEachSection) {
  constexpr auto kSubscribers = Covers::kSubscribers;
  constexpr auto kCas = Covers::kCaCertificates;
  const Rule rules[] = {
      {"4.9.9", "8 h", CheckOcspValidity(absl::Hours(8)), true},
      {"4.9.9", "< 8 h", CheckOcspValidity(absl::Hours(8) - kSecond), false},
      {"4.9.9", "10 d", CheckOcspValidity(absl::Hours(240)), true},
      {"4.9.9", "> 10 d", CheckOcspValidity(absl::Hours(240) + kSecond), false},
      {"7.2", "10 d", CheckCrlValidity(absl::Hours(240), kSubscribers), true},
      {"7.2", "> 10 d",
       CheckCrlValidity(absl::Hours(240) + kSecond, kSubscribers), false},
      {"7.2", "12 months", CheckCrlValidity(absl::Hours(24 * 365), kCas), true},
      {"7.2", "> 12 months",
       CheckCrlValidity(absl::Hours(24 * 365) + kSecond, kCas), false},
      {"7.2.2", "unspecified", CheckReason(0, false), true},
      {"7.2.2", "keyCompromise", CheckReason(1, false), true},
      {"7.2.2", "cACompromise", CheckReason(2, false), false},
      {"7.2.2", "affiliationChanged", CheckReason(3, false), true},
      {"7.2.2", "superseded", CheckReason(4, false), true},
      {"7.2.2", "cessationOfOperation", CheckReason(5, false), true},
      {"7.2.2", "certificateHold", CheckReason(6, false), false},
      {"7.2.2", "(7)", CheckReason(7, false), false},
      {"7.2.2", "removeFromCRL", CheckReason(8, false), false},
      {"7.2.2", "privilegeWithdrawn", CheckReason(9, false), true},
      {"7.2.2", "aACompromise", CheckReason(10, false), false},
      {"7.2.2", "below", CheckReason(-1, false), false},
      {"7.3", "a CA without a reason", CheckReason(0, true), false},
      {"7.3", "a CA with one", CheckReason(4, true), true},
      {"7.2", "full CRL", CheckIsFullCrl(false), true},
      {"7.2", "delta CRL", CheckIsFullCrl(true), false},
      {"4.9.9", "certificate of 8 h", CheckCertificateLifetime(absl::Hours(8)),
       true},
      {"4.9.9", "shorter", CheckCertificateLifetime(absl::Hours(7)), false},
  };
  for (const Rule& rule : rules) {
    SCOPED_TRACE(rule.what);
    if (rule.allowed) {
      EXPECT_THAT(rule.found, IsOk());
    } else {
      EXPECT_THAT(rule.found,
                  StatusIs(absl::StatusCode::kInvalidArgument, rule.section));
    }
  }
}

// Section 4.9.9: "inclusive".
TEST(BrRevocationTest, CountsBothEnds) {
  EXPECT_EQ(Inclusive(kThis, kThis + absl::Hours(8) - kSecond), absl::Hours(8));
}

TEST(BrRevocationTest, SaysByWhenAResponseMustBeReplaced) {
  struct Case {
    absl::Duration validity;
    absl::Duration update_by;
  };
  // Less than 16 h: half of the validity before nextUpdate, which is a second
  // before the validity's end. From 16 h: 8 h before nextUpdate, or 4 days.
  const Case kCases[] = {
      {absl::Hours(8), absl::Hours(4) - kSecond},
      {absl::Hours(12), absl::Hours(6) - kSecond},
      {absl::Hours(16) - absl::Seconds(2), absl::Hours(8) - absl::Seconds(2)},
      {absl::Hours(16), absl::Hours(8) - kSecond},
      {absl::Hours(96), absl::Hours(88) - kSecond},
      {absl::Hours(240), absl::Hours(96)},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(OcspUpdateBy(kThis, kThis + c.validity - kSecond),
              kThis + c.update_by)
        << c.validity;
  }
}

TEST(BrRevocationTest, SaysByWhenACrlMustBeReplaced) {
  EXPECT_EQ(CrlUpdateBy(kThis), kThis + absl::Hours(96));
}

}  // namespace
}  // namespace chancery::policy::br
