// What each setting of a profile does to the certificates that are made.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/blocked_keys.h"
#include "policy/name_pattern.h"
#include "policy/validity.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/extensions.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::AllOf;
using testing::FakeDisk;
using testing::FakeKvStore;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::OpenSslCsr;
using testing::OpenSslOracle;
using testing::SignerWorld;
using testing::TestPki;
using testing::TestSigner;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kP256[] = "ec -pkeyopt ec_paramgen_curve:P-256";

// A signer whose issuer and profile a test changes before it starts.
class ProfileIssuanceTest : public ::testing::Test {
 protected:
  policy::Profile& profile() { return issuer_.profiles["server"]; }

  void Start() {
    signer_.emplace(std::vector<Issuer>{issuer_}, *pki_.manifest_key(), disk_,
                    clock_);
    ASSERT_THAT(signer_->Start(), IsOk());
  }

  absl::StatusOr<Issued> Issue(const std::string& csr,
                               const policy::AskedValidity& asked = {}) {
    return signer_->issuance().Issue(
        {.asker = SignerWorld::Ask(absl::StrCat(++requests_)),
         .issuer = "issuing",
         .profile = "server",
         .csr = csr,
         .not_before = asked.not_before,
         .not_after = asked.not_after});
  }
  // As OpenSSL prints it.
  std::string TextOf(const std::string& csr) {
    const auto issued = Issue(csr);
    EXPECT_THAT(issued, IsOk());
    if (!issued.ok()) return "";
    EXPECT_TRUE(openssl_.VerifiesCertificate(issued->certificate, now()));
    return openssl_.CertificateText(issued->certificate);
  }
  absl::Time now() const { return clock_.Now(); }

  const TestPki pki_;
  Issuer issuer_ = pki_.issuer();
  FakeDisk disk_;
  base::testing::FakeClock clock_{TestPki::Options().now};
  const OpenSslOracle openssl_{pki_.issuer()};
  std::optional<TestSigner> signer_;
  int requests_ = 0;
};

TEST_F(ProfileIssuanceTest, PoliciesAndMustStapleAreWritten) {
  profile().policies = {{.oid = "2.23.140.1.2.1"},
                        {.oid = "1.3.6.1.4.1.5923.1",
                         .cps_urls = {"https://example.com/cps"},
                         .user_notices = {"Mind the gap"}}};
  profile().must_staple = true;
  profile().extended_key_usage.push_back("1.3.6.1.4.1.5923.2");
  Start();
  EXPECT_THAT(TextOf(SignerWorld::Csr()),
              AllOf(HasSubstr("Policy: 2.23.140.1.2.1"),
                    HasSubstr("CPS: https://example.com/cps"),
                    HasSubstr("Explicit Text: Mind the gap"),
                    HasSubstr("TLS Feature: \n                status_request"),
                    HasSubstr("TLS Web Server Authentication, "
                              "1.3.6.1.4.1.5923.2")));
}

TEST_F(ProfileIssuanceTest, NamesObeyTheProfilesRules) {
  using Kind = x509::NameSubtree::Kind;
  const auto subtree = [](Kind kind, const char* text) {
    return x509::NameSubtreeFromText(kind, text).value();
  };
  profile().names = {.permitted = {subtree(Kind::kDns, "example.com"),
                                   subtree(Kind::kIp, "10.0.0.0/8")},
                     .excluded = {subtree(Kind::kDns, "secret.example.com")}};
  profile().allow_wildcard = true;
  profile().allowed_patterns.push_back(
      policy::NamePattern::Create("(.*\\.)?example\\.com|10\\..*",
                                  policy::NamePattern::Where::kWhole)
          .value());
  profile().forbidden_patterns.push_back(
      policy::NamePattern::Create(".*-test\\..*",
                                  policy::NamePattern::Where::kWhole)
          .value());
  Start();
  EXPECT_THAT(Issue(OpenSslCsr("a.example.com,IP:10.1.2.3")), IsOk());
  const struct {
    const char* names;
    const char* message;
  } refused[] = {
      {"a.example.org",
       "\"DNS:a.example.org\": permitted by profile \"server\" "
       "is only example.com"},
      {"secret.example.com", "secret.example.com is excluded by profile"},
      {"b.secret.example.com", "secret.example.com is excluded"},
      {"*.example.com",
       "\"DNS:*.example.com\": secret.example.com is excluded"},
      {"a.example.com,IP:11.0.0.1", "\"IP:11.0.0.1\": permitted by"},
      {"a-test.example.com", "forbids what matches \".*-test\\..*\""},
  };
  const uint64_t size = signer_->ledger().Head().size;
  for (const auto& c : refused) {
    EXPECT_THAT(Issue(OpenSslCsr(c.names)), StatusIs(kInvalid, c.message));
  }
  EXPECT_EQ(signer_->ledger().Head().size, size);
}

// RFC 5280 section 4.2.1.10, for what the CA's own certificate says.
TEST_F(ProfileIssuanceTest, TheIssuersNameConstraintsAreObeyed) {
  issuer_.name_constraints = {
      {.permitted = {{x509::NameSubtree::Kind::kDns, "example.com"}},
       .excluded = {}},
      {.permitted = {},
       .excluded = {{x509::NameSubtree::Kind::kDns, "b.example.com"}}}};
  Start();
  EXPECT_THAT(Issue(OpenSslCsr("a.example.com")), IsOk());
  EXPECT_THAT(Issue(OpenSslCsr("a.example.org")),
              StatusIs(kInvalid, "permitted by the issuer's name constraints"));
  EXPECT_THAT(Issue(OpenSslCsr("b.example.com")),
              StatusIs(kInvalid, "b.example.com is excluded by the issuer's"));
}

TEST_F(ProfileIssuanceTest, ACaProfileMakesACaThatOpenSslBelieves) {
  profile().alt_name_kinds.clear();
  profile().subject_attributes = {"CN", "O"};
  profile().extended_key_usage.clear();
  profile().ca = {
      .path_length = 0,
      .name_constraints = {
          .permitted = {{x509::NameSubtree::Kind::kDns, "example.com"}},
          .excluded = {}}};
  Start();
  const std::string key = TempPath("sub.key");
  Shell("umask 077; openssl ecparam -name prime256v1 -genkey -noout -out " +
        key);
  const std::string csr = Shell("openssl req -new -key " + key +
                                " -subj '/O=Test/CN=Sub CA' -outform DER");
  const auto issued = Issue(csr);
  ASSERT_THAT(issued, IsOk());
  EXPECT_THAT(openssl_.CertificateText(issued->certificate),
              AllOf(HasSubstr("CA:TRUE, pathlen:0"),
                    HasSubstr("X509v3 Key Usage: critical"),
                    HasSubstr("Certificate Sign, CRL Sign"),
                    HasSubstr("X509v3 Name Constraints: critical\n"
                              "                Permitted:\n"
                              "                  DNS:example.com"),
                    HasSubstr("Subject: O = Test, CN = Sub CA")));
  // Its leaves: one within, one outside of its constraints.
  const std::string pem = WriteTemp(
      "sub.pem",
      x509::EncodePem("CERTIFICATE", base::AsBytes(issued->certificate)));
  const std::string root = WriteTemp(
      "root.pem",
      x509::EncodePem("CERTIFICATE", base::AsBytes(issuer_.certificate)));
  const auto verifies = [&](const std::string& name) {
    const std::string leaf_csr = WriteTemp("leaf.csr", OpenSslCsr(name, kP256));
    const std::string extensions =
        WriteTemp("leaf.ext", "subjectAltName=DNS:" + name + "\n");
    Shell("openssl x509 -req -inform DER -in " + leaf_csr + " -CA " + pem +
          " -CAkey " + key + " -set_serial 5 -days 36500 -extfile " +
          extensions + " -out " + TempPath("leaf.pem"));
    // Whatever today is: it is signed from today on.
    return Succeeds("openssl verify -no_check_time -x509_strict -CAfile " +
                    root + " -untrusted " + pem + " " + TempPath("leaf.pem"));
  };
  EXPECT_TRUE(verifies("a.example.com"));
  EXPECT_FALSE(verifies("a.example.org"));
}

TEST_F(ProfileIssuanceTest, ACaNeedsRoomBelowItsIssuerAndASubject) {
  profile().alt_name_kinds.clear();
  profile().subject_attributes = {"O"};
  profile().extended_key_usage.clear();
  profile().ca.emplace();
  issuer_.path_length = 2;
  Start();
  EXPECT_THAT(
      Issue(OpenSslCsr("a.example.com")),
      StatusIs(kInvalid, "csr: subject: profile \"server\" copies none"));
  const std::string csr =
      Shell("openssl req -new -newkey " + std::string(kP256) +
            " -nodes -keyout /dev/null -subj /O=Test -outform DER");
  const auto issued = Issue(csr);
  ASSERT_THAT(issued, IsOk());
  EXPECT_THAT(openssl_.CertificateText(issued->certificate),
              HasSubstr("CA:TRUE, pathlen:1"));
  issuer_.path_length = 0;
  Start();
  EXPECT_THAT(Issue(csr), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   "path length allows no CA below"));
}

TEST_F(ProfileIssuanceTest, ARequestMayAskForLessTime) {
  Start();
  const absl::Time begin = now() + absl::Hours(1);
  const absl::Time end = now() + absl::Hours(25);
  const auto issued = Issue(SignerWorld::Csr(), {begin, end});
  ASSERT_THAT(issued, IsOk());
  const auto made =
      x509::Certificate::Parse(base::AsBytes(issued->certificate));
  EXPECT_EQ(made->facts().not_before, begin);
  EXPECT_EQ(made->facts().not_after, end);
  // The profile lives 90 days and begins five minutes early.
  const absl::Time last = now() + absl::Hours(24 * 90) - absl::Seconds(1);
  EXPECT_THAT(Issue(SignerWorld::Csr(), {now() - absl::Minutes(5), last}),
              IsOk());
  const struct {
    policy::AskedValidity asked;
    const char* message;
  } refused[] = {
      {{now() - absl::Minutes(6), std::nullopt},
       "not_before: 2027-01-15T07:54:00Z: profile \"server\" begins at "
       "2027-01-15T07:55:00Z"},
      {{std::nullopt, last + absl::Seconds(1)},
       "not_after: 2027-04-15T08:00:00Z: profile \"server\" ends at "
       "2027-04-15T07:59:59Z"},
      {{std::nullopt, now()}, "not_after: 2027-01-15T08:00:00Z: it is"},
      {{end, begin}, "it is not before not_after"},
      {{end, end}, "it is not before not_after"},
  };
  const uint64_t size = signer_->ledger().Head().size;
  for (const auto& c : refused) {
    EXPECT_THAT(Issue(SignerWorld::Csr(), c.asked),
                StatusIs(kInvalid, c.message));
  }
  EXPECT_EQ(signer_->ledger().Head().size, size);
}

TEST_F(ProfileIssuanceTest, NobodyOutlivesTheIssuer) {
  profile().validity = absl::Hours(24 * 365 * 30);
  Start();
  const auto issued = Issue(SignerWorld::Csr());
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(x509::Certificate::Parse(base::AsBytes(issued->certificate))
                ->facts()
                .not_after,
            issuer_.not_after);
  EXPECT_THAT(Issue(SignerWorld::Csr(),
                    {std::nullopt, issuer_.not_after + absl::Seconds(1)}),
              StatusIs(kInvalid, "the issuer ends at"));
}

TEST_F(ProfileIssuanceTest, FixedDatesAreTheProfiles) {
  profile().not_before = now() - absl::Hours(24 * 30);
  profile().not_after = now() + absl::Hours(24 * 30);
  Start();
  const auto issued = Issue(SignerWorld::Csr());
  ASSERT_THAT(issued, IsOk());
  const auto made =
      x509::Certificate::Parse(base::AsBytes(issued->certificate));
  EXPECT_EQ(made->facts().not_before, *profile().not_before);
  EXPECT_EQ(made->facts().not_after, *profile().not_after);
  clock_.Advance(absl::Hours(24 * 30));
  EXPECT_THAT(Issue(SignerWorld::Csr()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "profile \"server\": its certificates would be valid"));
}

TEST_F(ProfileIssuanceTest, ARequestIdStandsForItsValidityToo) {
  Start();
  IssueRequest request{.asker = SignerWorld::Ask("once"),
                       .issuer = "issuing",
                       .profile = "server",
                       .csr = SignerWorld::Csr(),
                       .not_before = std::nullopt,
                       .not_after = now() + absl::Hours(9)};
  const auto first = signer_->issuance().Issue(request);
  ASSERT_THAT(first, IsOk());
  const auto again = signer_->issuance().Issue(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate, first->certificate);
  request.not_after = now() + absl::Hours(10);
  EXPECT_THAT(signer_->issuance().Issue(request),
              StatusIs(absl::StatusCode::kAlreadyExists, "once"));
}

TEST_F(ProfileIssuanceTest, RsaSizesAreTheProfiles) {
  profile().min_rsa_bits = 3072;
  profile().max_rsa_bits = 3072;
  Start();
  EXPECT_THAT(Issue(OpenSslCsr("a.example.com", "rsa:2048")),
              StatusIs(kInvalid,
                       "RSA of 2048 bits: profile \"server\" allows "
                       "3072 to 3072"));
  EXPECT_THAT(Issue(OpenSslCsr("a.example.com", "rsa:3072")), IsOk());
}

// What is copied is what the profile names, and the rest is dropped.
TEST_F(ProfileIssuanceTest, ExtensionsAreCopiedByAllowListOnly) {
  profile().key_usage = x509::kDigitalSignature | x509::kKeyAgreement;
  profile().extended_key_usage = {x509::kServerAuth, x509::kClientAuth};
  profile().policies = {{.oid = "1.2.3.100"}, {.oid = "1.2.3.101"}};
  profile().copied_extensions = {"2.5.29.15", "2.5.29.37", "2.5.29.32",
                                 "1.3.6.1.5.5.7.1.24", "1.2.3.4"};
  Start();
  EXPECT_THAT(TextOf(OpenSslCsr("a.example.com", kP256,
                                "-addext keyUsage=digitalSignature "
                                "-addext extendedKeyUsage=clientAuth "
                                "-addext certificatePolicies=1.2.3.101 "
                                "-addext tlsfeature=status_request "
                                "-addext basicConstraints=critical,CA:TRUE "
                                "-addext 1.2.3.5=ASN1:UTF8String:other "
                                "-addext 1.2.3.4=ASN1:UTF8String:hello")),
              AllOf(HasSubstr("X509v3 Key Usage: critical\n"
                              "                Digital Signature\n"),
                    HasSubstr("TLS Web Client Authentication\n"),
                    Not(HasSubstr("TLS Web Server Authentication")),
                    HasSubstr("Policy: 1.2.3.101"), Not(HasSubstr("1.2.3.100")),
                    HasSubstr("status_request"), HasSubstr("CA:FALSE"),
                    HasSubstr("1.2.3.4: \n                ..hello"),
                    Not(HasSubstr("1.2.3.5"))));
  EXPECT_THAT(
      Issue(OpenSslCsr("a.example.com", kP256,
                       "-addext extendedKeyUsage=codeSigning")),
      StatusIs(kInvalid, "extendedKeyUsage 1.3.6.1.5.5.7.3.3: profile"));
  EXPECT_THAT(Issue(OpenSslCsr("a.example.com", kP256,
                               "-addext certificatePolicies=1.2.3.102")),
              StatusIs(kInvalid, "policy 1.2.3.102: profile \"server\""));
}

TEST_F(ProfileIssuanceTest, ListedKeysGetNothing) {
  const std::string csr = OpenSslCsr("a.example.com");
  const std::string hash =
      Shell("openssl req -noout -pubkey -inform DER -in " +
            WriteTemp("listed.csr", csr) +
            " | openssl pkey -pubin -outform DER | sha256sum | cut -c 1-64");
  auto keys = std::make_shared<policy::BlockedKeys>();
  ASSERT_THAT(keys->Add("stolen.txt", hash), IsOk());
  keys->Seal();
  issuer_.blocked_keys = keys;
  Start();
  EXPECT_THAT(Issue(csr), StatusIs(kInvalid, "in the list stolen.txt"));
  EXPECT_EQ(signer_->ledger().Head().size, 0u);
  EXPECT_THAT(Issue(SignerWorld::Csr()), IsOk());
}

// "Every key revoked as compromised": at once, after a restart, when the
// certificate has long expired, and only for that reason.
class CompromisedKeyTest : public ProfileIssuanceTest {
 protected:
  CompromisedKeyTest() { Start(); }

  absl::Status Revoke(const Issued& issued, int reason) {
    return signer_->revocation()
        .Revoke({.asker = SignerWorld::Ask(absl::StrCat("r", ++requests_)),
                 .issuer = "issuing",
                 .serial = issued.serial,
                 .reason = reason,
                 .revoked_at = std::nullopt})
        .status();
  }
};

TEST_F(CompromisedKeyTest, GetsNoOtherCertificate) {
  const std::string csr = OpenSslCsr("a.example.com");
  const std::string other = OpenSslCsr("b.example.com");
  const auto issued = Issue(csr), kept = Issue(other);
  ASSERT_THAT(issued, IsOk());
  ASSERT_THAT(kept, IsOk());
  ASSERT_THAT(Revoke(*kept, 4), IsOk());
  EXPECT_THAT(Issue(other), IsOk());  // superseded.
  ASSERT_THAT(Revoke(*issued, 1), IsOk());
  const char kMessage[] = "was revoked as keyCompromise (entry ";
  EXPECT_THAT(Issue(csr), StatusIs(kInvalid, kMessage));
  // What was superseded may turn out to be compromised.
  ASSERT_THAT(Revoke(*kept, 1), IsOk());
  EXPECT_THAT(Issue(other), StatusIs(kInvalid, kMessage));

  signer_->Kill();
  disk_.Crash();
  ASSERT_THAT(signer_->Start(), IsOk());
  EXPECT_THAT(Issue(csr), StatusIs(kInvalid, kMessage));
  // Off every CRL, and expired.
  for (int i = 0; i < 14; ++i) {
    clock_.Advance(absl::Hours(200));
    ASSERT_THAT(
        signer_->SignCrl(
            {.issuer = "issuing", .shard = 0, .kind = ledger::CrlKind::kFull}),
        IsOk());
  }
  EXPECT_THAT(Issue(csr), StatusIs(kInvalid, kMessage));
  EXPECT_THAT(AuditLedger(FakeKvStore(disk_)), IsOk());
}

// The same request again is no new certificate.
TEST_F(CompromisedKeyTest, ARepeatedRequestGetsWhatItGot) {
  IssueRequest request{.asker = SignerWorld::Ask("once"),
                       .issuer = "issuing",
                       .profile = "server",
                       .csr = SignerWorld::Csr()};
  const auto issued = signer_->issuance().Issue(request);
  ASSERT_THAT(issued, IsOk());
  ASSERT_THAT(Revoke(*issued, 1), IsOk());
  const auto again = signer_->issuance().Issue(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate, issued->certificate);
}

// A ledger from before keys were remembered.
TEST_F(CompromisedKeyTest, AnOldLedgersKeysAreFoundOnce) {
  const std::string csr = OpenSslCsr("a.example.com");
  const auto issued = Issue(csr);
  ASSERT_THAT(issued, IsOk());
  ASSERT_THAT(Revoke(*issued, 1), IsOk());
  signer_->Kill();
  FakeDisk::Rows rows = disk_.durable();
  ASSERT_GT(std::erase_if(rows,
                          [](const auto& row) {
                            return row.first[0] == 'w';  // FORMAT.md
                          }),
            0u);
  disk_.set_durable(rows);
  ASSERT_THAT(signer_->Start(), IsOk());
  const auto find = [&] {
    return signer_->ledger().Execute(
        [](Transaction& tx) { return tx.FindCompromisedKeys(); });
  };
  ASSERT_THAT(find(), IsOk());
  EXPECT_THAT(Issue(csr), StatusIs(kInvalid, "keyCompromise (entry"));
  EXPECT_THAT(AuditLedger(FakeKvStore(disk_)), IsOk());
  const uint64_t writes = disk_.writes();
  ASSERT_THAT(find(), IsOk());
  EXPECT_EQ(disk_.writes(), writes);
}

}  // namespace
}  // namespace chancery::signer
