#include "signer/issuance.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/repeated_verifier.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::AllOf;
using testing::FakeDisk;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::OpenSslCsr;
using testing::SignerWorld;
using testing::TestPki;
using testing::TestSigner;

std::string SerialOf(const std::string& der, const SignerWorld& world) {
  const std::string text = world.openssl.CertificateText(der);
  const size_t at = text.find("Serial Number:") + 14;
  std::string hex;
  for (const char c : text.substr(at, text.find("Signature", at) - at)) {
    if (absl::ascii_isxdigit(static_cast<unsigned char>(c))) hex += c;
  }
  return *base::FromHex(hex);
}

// TRUST 8, 2.1: certificate and first OCSP record come together.
TEST(IssuanceTest, CertificateAndFirstAnswerAreGoodForOpenSsl) {
  SignerWorld world;
  const auto issued = world.Issue("1");
  ASSERT_THAT(issued, IsOk());
  EXPECT_TRUE(
      world.openssl.VerifiesCertificate(issued->certificate, world.now()));
  EXPECT_THAT(world.openssl.CertificateText(issued->certificate),
              AllOf(HasSubstr("DNS:test.example.com"),
                    HasSubstr("TLS Web Server Authentication"),
                    HasSubstr("OCSP - URI:http://ocsp.example.com"),
                    HasSubstr("URI:http://crl.example.com/crl/issuing.crl"),
                    HasSubstr("Issuer: O = Test, CN = Test CA issuing")));
  EXPECT_EQ(SerialOf(issued->certificate, world), issued->serial);
  for (size_t i = 0; i < 2; ++i) {
    const auto answer = world.openssl.AskOcsp(
        world.reader.Response(issued->serial, i), issued->serial, world.now(),
        i ? "sha256" : "sha1");
    EXPECT_EQ(answer.status, "good");
    EXPECT_EQ(answer.this_update, world.now());
    EXPECT_EQ(answer.next_update,
              world.now() + absl::Hours(96) - absl::Seconds(1));
  }
}

// TRUST 3: "a repeated (client, request id) gets those bytes, the same id with
// another request is refused".
TEST(IssuanceTest, ARequestIdIsOneRequest) {
  SignerWorld world;
  const auto first = world.Issue("1");
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->repeated);
  world.clock.Advance(absl::Hours(5));
  const auto again = world.Issue("1");
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->certificate, first->certificate);
  EXPECT_EQ(again->ledger_index, first->ledger_index);
  EXPECT_THAT(world.Issue("1", OpenSslCsr("test.example.com")),
              StatusIs(absl::StatusCode::kAlreadyExists, "\"1\""));
  EXPECT_THAT(world.Revoke("1", first->serial),
              StatusIs(absl::StatusCode::kAlreadyExists, "\"1\""));
  EXPECT_EQ(world.State(first->serial).status, CertificateStatus::kGood);
}

TEST(IssuanceTest, AskersDoNotShareRequestIds) {
  SignerWorld world;
  const auto first = world.Issue("1");
  ASSERT_THAT(first, IsOk());
  IssueRequest request{.asker = SignerWorld::Ask("1"),
                       .issuer = "issuing",
                       .profile = "server",
                       .csr = SignerWorld::Csr()};
  request.asker.requester = "user:another";
  const auto second = world.signer.issuance().Issue(request);
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->serial, first->serial);
  request.asker.caller_uri = "spiffe://test/authority/b";
  const auto third = world.signer.issuance().Issue(request);
  ASSERT_THAT(third, IsOk());
  EXPECT_NE(third->serial, second->serial);
}

// TRUST 2.5: the profile's lints look at what is about to be signed.
TEST(IssuanceTest, ALintOfTheProfileRefuses) {
  const TestPki pki;
  Issuer issuer = pki.issuer();
  policy::lints::Selection& lints = issuer.profiles["server"].lints;
  ASSERT_THAT(lints.Add("br", policy::lints::Severity::kError), IsOk());
  const IssueRequest request{.asker = SignerWorld::Ask("1"),
                             .issuer = "issuing",
                             .profile = "server",
                             .csr = SignerWorld::Csr()};
  base::testing::FakeClock clock(TestPki::Options().now);
  {
    FakeDisk disk;
    TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
    ASSERT_THAT(signer.Start(), IsOk());
    EXPECT_THAT(
        signer.issuance().Issue(request),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "profile \"server\" refuses what was asked for: lint "
                 "br_cert_server_reserved_policy (Baseline Requirements "
                 "section 7.1.2.7.9)"));
    EXPECT_EQ(signer.ledger().Head().size, 0u);
  }
  ASSERT_THAT(lints.Except("br_cert_server_reserved_policy"), IsOk());
  FakeDisk disk;
  TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
  ASSERT_THAT(signer.Start(), IsOk());
  EXPECT_THAT(signer.issuance().Issue(request), IsOk());
}

// TRUST 3: "one byte of epoch, 127 random bits, positive, at most 17 octets".
TEST(IssuanceTest, SerialsAreLongPositiveAndNeverTheSame) {
  SignerWorld world;
  std::set<std::string> serials;
  for (int i = 0; i < 40; ++i) {
    const auto issued = world.Issue(absl::StrCat(i));
    ASSERT_THAT(issued, IsOk());
    EXPECT_EQ(issued->serial.size(), 17u);
    EXPECT_EQ(issued->serial[0], 1);
    EXPECT_EQ(issued->serial[1] & 0x80, 0);
    EXPECT_TRUE(serials.insert(issued->serial).second);
  }
}

class StuckRandom final : public base::Random {
 public:
  std::string Bytes(size_t size) override { return std::string(size, '\x55'); }
};

// TRUST 2.3: "one serial, one certificate".
TEST(IssuanceTest, ARandomSourceThatRepeatsItselfMakesNoSecondCertificate) {
  const TestPki pki;
  FakeDisk disk;
  base::testing::FakeClock clock(TestPki::Options().now);
  StuckRandom random;
  TestSigner signer({pki.issuer()}, *pki.manifest_key(), disk, clock, random);
  ASSERT_THAT(signer.Start(), IsOk());
  IssueRequest request{.asker = SignerWorld::Ask("1"),
                       .issuer = "issuing",
                       .profile = "server",
                       .csr = SignerWorld::Csr()};
  ASSERT_THAT(signer.issuance().Issue(request), IsOk());
  const uint64_t size = signer.ledger().Head().size;
  request.asker.request_id = "2";
  EXPECT_THAT(signer.issuance().Issue(request), Not(IsOk()));
  EXPECT_EQ(signer.ledger().Head().size, size);
}

// TRUST 2.4, 8: what is not allowed is refused before anything is signed.
struct RefusedCase {
  const char* name;
  std::string csr;
  absl::StatusCode code;
  const char* message;
  std::string issuer = "issuing";
  std::string profile = "server";
};

std::string Flip(std::string der, size_t from_end) {
  der[der.size() - from_end] ^= 1;
  return der;
}

TEST(IssuanceTest, RefusesWhatBreaksARuleAndRecordsNothing) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  const std::string& csr = SignerWorld::Csr();
  const std::vector<RefusedCase> cases = {
      {"SignatureByAnotherKey", Flip(csr, 1), kInvalid, "signature"},
      {"NameChangedAfterSigning",
       [&] {
         std::string changed = csr;
         changed[changed.find("test.example.com")] = 'b';
         return changed;
       }(),
       kInvalid, "signature"},
      {"NotARequest", "no CSR", kInvalid, ""},
      {"Nothing", "", kInvalid, ""},
      {"TrailingByte", csr + '\0', kInvalid, ""},
      {"Truncated", csr.substr(0, csr.size() - 1), kInvalid, ""},
      {"ShortRsa", OpenSslCsr("a.example.com", "rsa:1024"), kInvalid, "1024"},
      {"OtherCurve",
       OpenSslCsr("a.example.com", "ec -pkeyopt ec_paramgen_curve:P-521"),
       kInvalid, ""},
      {"KeyTypeNotInProfile", OpenSslCsr("a.example.com", "ed25519"), kInvalid,
       ""},
      {"Wildcard", OpenSslCsr("*.example.com"), kInvalid, "*.example.com"},
      {"Underscore", OpenSslCsr("a_b.example.com"), kInvalid,
       "a_b.example.com"},
      {"Email", OpenSslCsr("a.example.com,email:a@example.com"), kInvalid,
       "email"},
      {"UnknownProfile", csr, kNotFound, "\"clients\"", "issuing", "clients"},
      {"UnknownIssuer", csr, kNotFound, "root", "root"},
  };
  SignerWorld world;
  for (const RefusedCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(world.signer.issuance().Issue({.asker = SignerWorld::Ask("1"),
                                               .issuer = c.issuer,
                                               .profile = c.profile,
                                               .csr = c.csr}),
                StatusIs(c.code, c.message));
    EXPECT_EQ(world.signer.ledger().Head().size, 0u);
    EXPECT_EQ(world.disk.writes(), 0u);
  }
}

// TRUST 2.4: "CSR extensions [and] names are parsed and encoded again".
TEST(IssuanceTest, ACsrCannotMakeItselfACa) {
  SignerWorld world;
  const auto issued = world.Issue(
      "1", OpenSslCsr("evil.example.com", "ec -pkeyopt ec_paramgen_curve:P-256",
                      "-addext basicConstraints=critical,CA:TRUE "
                      "-addext keyUsage=keyCertSign,cRLSign "
                      "-addext extendedKeyUsage=codeSigning,OCSPSigning "
                      "-addext certificatePolicies=1.2.3.4 "
                      "-addext 1.2.3.4.5=ASN1:UTF8String:hello"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_THAT(
      world.openssl.CertificateText(issued->certificate),
      AllOf(Not(HasSubstr("CA:TRUE")), Not(HasSubstr("Certificate Sign")),
            Not(HasSubstr("Code Signing")), Not(HasSubstr("OCSP Signing")),
            Not(HasSubstr("1.2.3.4"))));
}

// TRUST 5: a leaf ends with its issuer, and so does what is said of it.
TEST(IssuanceTest, NoCertificateOutlivesItsIssuer) {
  SignerWorld world({.leaf_validity = absl::Hours(24 * 365 * 30)});
  const auto issued = world.Issue("1");
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(world.State(issued->serial).not_after,
            world.pki.issuer().not_after);
}

// TRUST 5: "The signer stops when its clock is behind its ledger's last entry".
TEST(IssuanceTest, RefusesWhileTheClockIsBehindTheLedger) {
  SignerWorld world;
  ASSERT_THAT(world.Issue("1"), IsOk());
  const uint64_t size = world.signer.ledger().Head().size;
  world.clock.Advance(-absl::Hours(1));
  EXPECT_THAT(world.Issue("2"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
  EXPECT_EQ(world.signer.ledger().Head().size, size);
  world.clock.Advance(absl::Hours(1));
  EXPECT_THAT(world.Issue("2"), IsOk());
}

// Signs as told: not at all, or with another key than it says, each time or
// each fifth time.
class BadKey final : public crypto::SigningKey {
 public:
  enum class Mode { kRight, kUnavailable, kLies, kLiesEachFifthTime };

  BadKey(std::shared_ptr<const crypto::SigningKey> key,
         std::shared_ptr<const crypto::SigningKey> other)
      : key_(std::move(key)), other_(std::move(other)) {}
  const crypto::PublicKey& public_key() const override {
    return key_->public_key();
  }
  crypto::SignatureAlgorithm algorithm() const override {
    return key_->algorithm();
  }
  absl::StatusOr<std::string> Sign(base::Bytes message) const override {
    if (mode == Mode::kUnavailable)
      return absl::UnavailableError("token: gone");
    const bool fifth = mode == Mode::kLiesEachFifthTime && ++times_ % 5 == 0;
    return (mode == Mode::kLies || fifth ? other_ : key_)->Sign(message);
  }

  Mode mode = Mode::kRight;

 private:
  const std::shared_ptr<const crypto::SigningKey> key_, other_;
  mutable int times_ = 0;
};

class BrokenKeyTest : public ::testing::Test {
 protected:
  BrokenKeyTest() {
    Issuer issuer = pki_.issuer();
    ca_key_ = std::make_shared<BadKey>(issuer.key, issuer.rehearsal_key);
    ocsp_key_ = std::make_shared<BadKey>(issuer.ocsp_key, issuer.rehearsal_key);
    issuer.key = ca_key_;
    issuer.ocsp_key = ocsp_key_;
    issuer.block_capacity = 4096;
    signer_.emplace(std::vector<Issuer>{issuer}, *pki_.manifest_key(), disk_,
                    clock_);
    EXPECT_THAT(signer_->Start(), IsOk());
  }

  absl::StatusOr<Issued> Issue() {
    return signer_->issuance().Issue({.asker = SignerWorld::Ask("1"),
                                      .issuer = "issuing",
                                      .profile = "server",
                                      .csr = SignerWorld::Csr()});
  }

  const TestPki pki_;
  FakeDisk disk_;
  base::testing::FakeClock clock_{TestPki::Options().now};
  std::shared_ptr<BadKey> ca_key_, ocsp_key_;
  std::optional<TestSigner> signer_;
};

// TRUST 2.5: what the CA's key signed is looked at before it leaves.
TEST_F(BrokenKeyTest, NothingIsRecordedThatTheCaDidNotSign) {
  for (const auto mode : {BadKey::Mode::kUnavailable, BadKey::Mode::kLies}) {
    ca_key_->mode = mode;
    EXPECT_THAT(Issue(), Not(IsOk()));
    EXPECT_EQ(signer_->ledger().Head().size, 0u);
  }
  ca_key_->mode = BadKey::Mode::kRight;
  EXPECT_THAT(Issue(), IsOk());
}

// The signatures of a batch are verified together, and, after a thousand, with
// a table of the key.
TEST_F(BrokenKeyTest, OneThatDoesNotVerifyRefusesItselfAlone) {
  ca_key_->mode = BadKey::Mode::kLiesEachFifthTime;
  constexpr size_t kSize = 200;
  uint64_t good = 0;
  for (int batch = 0; batch < 7; ++batch) {
    std::vector<IssueRequest> requests;
    for (size_t i = 0; i < kSize; ++i) {
      requests.push_back(
          {.asker = SignerWorld::Ask(absl::StrCat(batch, "/", i)),
           .issuer = "issuing",
           .profile = "server",
           .csr = SignerWorld::Csr()});
    }
    const uint64_t before = signer_->ledger().Head().size;
    const IssuedBatch issued = signer_->issuance().IssueBatch(requests);
    ASSERT_EQ(issued.results.size(), kSize);
    for (size_t i = 0; i < kSize; ++i) {
      if (i % 5 == 4) {
        EXPECT_THAT(issued.results[i], StatusIs(absl::StatusCode::kInternal,
                                                "does not verify under its"));
        continue;
      }
      ASSERT_THAT(issued.results[i], IsOk());
      ++good;
    }
    // And the manifest.
    EXPECT_EQ(signer_->ledger().Head().size, before + kSize / 5 * 4 + 1);
  }
  EXPECT_GT(good, crypto::RepeatedVerifier::kBeforeTable);
}

// TRUST 8: without its OCSP record a certificate does not leave; it is the one
// that a repeated request gets.
TEST_F(BrokenKeyTest, ACertificateWaitsForItsFirstAnswer) {
  ocsp_key_->mode = BadKey::Mode::kUnavailable;
  EXPECT_THAT(Issue(), StatusIs(absl::StatusCode::kUnavailable, "token"));
  EXPECT_EQ(signer_->ledger().Head().size, 1u);
  ocsp_key_->mode = BadKey::Mode::kRight;
  const auto issued = Issue();
  ASSERT_THAT(issued, IsOk());
  EXPECT_TRUE(issued->repeated);
  EXPECT_EQ(issued->ledger_index, 0u);
  EXPECT_EQ(signer_->ledger().Head().size, 2u);
  testing::BlockReader reader(pki_.KeySet());
  ASSERT_THAT(reader.Take(issued->updates), IsOk());
  const testing::OpenSslOracle openssl(pki_.issuer());
  EXPECT_EQ(openssl
                .AskOcsp(reader.Response(issued->serial), issued->serial,
                         clock_.Now())
                .status,
            "good");
}

}  // namespace
}  // namespace chancery::signer
