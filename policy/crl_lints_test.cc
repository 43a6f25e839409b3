#include "policy/crl_lints.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::Not;
using x509::CertificateFacts;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

// A CRL that passes, to be changed after it was read.
class Subject {
 public:
  Subject() {
    ca.serial = "\x01";
    ca.subject = *x509::EncodeName({{"CN", "CA"}});
    ca.issuer = ca.subject;
    ca.not_before = kNow - absl::Hours(1);
    ca.not_after = kNow + absl::Hours(24 * 30);
    ca.public_key = base::ToString(key_->public_key().spki());
    ca.extensions.is_ca = true;
    ca.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
    ca.extensions.subject_key_identifier = "ca key";

    der_ = *x509::SignCrl(
        {.issuer = base::AsBytes(ca.subject),
         .this_update = kNow,
         .next_update = kNow + absl::Hours(240) - absl::Seconds(1),
         .authority_key_identifier =
             base::AsBytes(ca.extensions.subject_key_identifier),
         .number = 8,
         .distribution_point = distribution_point,
         .freshest_url = freshest_url},
        {{.serial = base::AsBytes(kSerial1), .revocation_time = kNow},
         {.serial = base::AsBytes(kSerial2),
          .revocation_time = kNow,
          .reason = 1}},
        *key_);
    crl = *x509::ParseCrl(base::AsBytes(der_));
  }

  // These entries in place of its own.
  void SetEntries(const std::vector<x509::CrlEntry>& entries) {
    entries_.clear();
    for (const x509::CrlEntry& entry : entries) {
      x509::CrlEncoder::Add(entry, entries_);
    }
    crl.revoked = base::AsBytes(entries_);
  }

  absl::Status Lint() const {
    const std::string ca_der = *x509::SignCertificate(ca, *key_);
    const auto issuer = x509::Certificate::Parse(base::AsBytes(ca_der));
    EXPECT_THAT(issuer, IsOk());
    return LintCrl(crl, {.issuer = *issuer,
                         .now = now,
                         .previous_number = previous_number,
                         .br = br,
                         .distribution_point = distribution_point,
                         .base_number = base_number,
                         .freshest_url = freshest_url});
  }

  inline static const std::string kSerial1 = "\x01\x02";
  inline static const std::string kSerial2 = "\x80";
  inline static const std::string kSerial21 = std::string(21, '\x01');

  CertificateFacts ca;
  x509::Crl crl;
  absl::Time now = kNow;
  uint64_t previous_number = 7;
  std::optional<br::Covers> br = br::Covers::kSubscribers;
  std::string distribution_point = "http://c.example/3.crl";
  std::optional<uint64_t> base_number;
  std::string freshest_url = "http://c.example/3-delta.crl";

 private:
  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({crypto::KeyType::kEcP256});
  std::string der_, entries_;
};

struct Case {
  const char* lint;
  std::function<void(Subject&)> break_it;
};

x509::CrlEntry Entry(const std::string& serial, absl::Time time = kNow,
                     int reason = 1) {
  return {.serial = base::AsBytes(serial),
          .revocation_time = time,
          .reason = reason};
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"issuer_is_ca_subject",
       [](Subject& s) { s.crl.issuer = base::AsBytes(Subject::kSerial1); }},
      {"issuer_may_sign",
       [](Subject& s) { s.ca.extensions.key_usage = x509::kKeyCertSign; }},
      {"issuer_may_sign", [](Subject& s) { s.ca.extensions.is_ca = false; }},
      {"this_update", [](Subject& s) { s.now = kNow - absl::Seconds(1); }},
      {"next_update",
       [](Subject& s) { s.crl.next_update = s.crl.this_update; }},
      {"next_update_within_issuer",
       [](Subject& s) {
         s.ca.not_after = s.crl.next_update - absl::Seconds(1);
       }},
      {"validity", [](Subject& s) { s.crl.next_update += absl::Seconds(1); }},
      {"number", [](Subject& s) { s.crl.number.reset(); }},
      {"number", [](Subject& s) { s.previous_number = 8; }},
      {"authority_key_identifier",
       [](Subject& s) { s.crl.authority_key_identifier.reset(); }},
      {"authority_key_identifier",
       [](Subject& s) { s.ca.extensions.subject_key_identifier = "other"; }},
      {"distribution_point",
       [](Subject& s) { s.crl.distribution_point_url.reset(); }},
      {"distribution_point",
       [](Subject& s) { s.distribution_point = "http://c.example/4.crl"; }},
      {"distribution_point", [](Subject& s) { s.distribution_point.clear(); }},
      {"delta", [](Subject& s) { s.crl.is_delta = true; }},
      {"br_delta",
       [](Subject& s) {
         s.base_number = s.crl.base_number = 7;
         s.crl.is_delta = true;
       }},
      {"delta", [](Subject& s) { s.base_number = 7; }},
      {"delta",
       [](Subject& s) {
         s.base_number = s.crl.base_number = 8;
         s.crl.is_delta = true;
       }},
      {"freshest", [](Subject& s) { s.crl.freshest_url.reset(); }},
      {"freshest", [](Subject& s) { s.freshest_url.clear(); }},
      {"entry_order",
       [](Subject& s) {
         s.SetEntries({Entry(Subject::kSerial2), Entry(Subject::kSerial1)});
       }},
      {"entry_order",
       [](Subject& s) {
         s.SetEntries({Entry(Subject::kSerial1), Entry(Subject::kSerial1)});
       }},
      {"entry_serial",
       [](Subject& s) { s.SetEntries({Entry(Subject::kSerial21)}); }},
      {"entry_time",
       [](Subject& s) {
         s.SetEntries({Entry(Subject::kSerial1, kNow + absl::Seconds(1))});
       }},
      {"entry_reason",
       [](Subject& s) { s.SetEntries({Entry(Subject::kSerial1, kNow, 7)}); }},
      {"entry_reason",
       [](Subject& s) { s.SetEntries({Entry(Subject::kSerial1, kNow, 8)}); }},
      {"entry_reason",
       [](Subject& s) { s.SetEntries({Entry(Subject::kSerial1, kNow, 11)}); }},
      {"br_entry_reason",
       [](Subject& s) { s.SetEntries({Entry(Subject::kSerial1, kNow, 6)}); }},
      {"br_entry_reason",
       [](Subject& s) {
         s.SetEntries({Entry(Subject::kSerial1, kNow, 0)});
         s.br = br::Covers::kCaCertificates;
       }},
  };
  return cases;
}

TEST(CrlLintsTest, ARightCrlPasses) {
  Subject subject;
  EXPECT_THAT(subject.Lint(), IsOk());
  subject.SetEntries({});
  EXPECT_THAT(subject.Lint(), IsOk());
}

// Private PKIs hold certificates, and publish when they like.
TEST(CrlLintsTest, RulesOfBrAreForIssuersOfBr) {
  Subject subject;
  subject.SetEntries({Entry(Subject::kSerial1, kNow, 6)});
  subject.crl.next_update += absl::Hours(100);
  EXPECT_THAT(subject.Lint(), Not(IsOk()));
  subject.br.reset();
  EXPECT_THAT(subject.Lint(), IsOk());
}

TEST(CrlLintsTest, EachLintFindsItsMistake) {
  for (const Case& c : Cases()) {
    Subject subject;
    c.break_it(subject);
    EXPECT_THAT(subject.Lint(), StatusIs(absl::StatusCode::kInternal,
                                         absl::StrCat("lint ", c.lint, " (")));
  }
}

TEST(CrlLintsTest, EachLintHasACaseThatFails) {
  std::set<std::string> failing;
  for (const Case& c : Cases()) failing.insert(c.lint);
  for (const CrlLint& lint : CrlLints()) {
    EXPECT_EQ(failing.count(lint.id), 1u) << lint.id;
  }
  for (const CrlEntryLint& lint : CrlEntryLints()) {
    EXPECT_EQ(failing.count(lint.id), 1u) << lint.id;
  }
}

TEST(CrlLintsTest, AnotherSignatureFails) {
  Subject subject;
  subject.crl.tbs = subject.crl.tbs.subspan(1);
  EXPECT_THAT(subject.Lint(),
              StatusIs(absl::StatusCode::kInternal, "signature"));
}

// RFC 5280 section 5.3.1: removeFromCRL "only in delta CRLs".
TEST(CrlLintsTest, ADeltaMayTakeEntriesOff) {
  Subject subject;
  subject.base_number = subject.crl.base_number = 7;
  subject.crl.is_delta = true;
  subject.br.reset();
  subject.SetEntries({Entry(Subject::kSerial1, kNow, 8)});
  EXPECT_THAT(subject.Lint(), IsOk());
}

}  // namespace
}  // namespace chancery::policy
