#include "signer/importer.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/signing_threads.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using testing::SignerWorld;
using testing::TestPki;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kExists = absl::StatusCode::kAlreadyExists;

// `openssl ca` with the CA's own key: who issued before this signer did.
class OldCa {
 public:
  explicit OldCa(const TestPki& pki) {
    const auto pem = crypto::EncodePkcs8Pem(*pki.key(), nullptr);
    EXPECT_THAT(pem, IsOk());
    WriteTemp("old.key", std::string(pem->Reveal()));
    WriteTemp(
        "old.cnf",
        absl::StrCat("[ca]\ndefault_ca=old\n[old]\ndatabase=",
                     TempPath("old.index"), "\nnew_certs_dir=", TempPath(""),
                     "\nserial=", TempPath("old.serial"),
                     "\ncertificate=", TempPath("issuing.pem"),
                     "\nprivate_key=", TempPath("old.key"),
                     "\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
                     "[any]\ncommonName=supplied\n"
                     "[leaf]\nsubjectAltName=DNS:old.example.com\n"
                     "[sub]\nbasicConstraints=critical,CA:TRUE\n"
                     "keyUsage=critical,keyCertSign\n"));
  }

  // Ends at `end`, "20280101000000Z"; serial in hexadecimal digits.
  std::string Issue(const std::string& serial,
                    const std::string& end = "20280101000000Z",
                    const std::string& extensions = "leaf") {
    WriteTemp("old.serial", serial + "\n");
    WriteTemp("old.index", "");
    const std::string csr = WriteTemp("old.csr", SignerWorld::Csr());
    Shell("openssl req -inform DER -in " + csr + " -out " +
          TempPath("old.req"));
    Shell("openssl ca -batch -notext -preserveDN -config " +
          TempPath("old.cnf") + " -extensions " + extensions + " -in " +
          TempPath("old.req") + " -startdate 20260101000000Z -enddate " + end +
          " -out " + TempPath("old.pem"));
    return Shell("openssl x509 -outform DER -in " + TempPath("old.pem"));
  }
};

class ImporterTest : public ::testing::Test {
 protected:
  explicit ImporterTest(RevocationPolicy policy = RevocationPolicy::kPrivate)
      : world_({.policy = policy}), old_ca_(world_.pki) {}

  absl::StatusOr<Imported> Import(const std::vector<ImportItem>& items) {
    auto imported = world_.signer.importer().Import(
        {.asker = SignerWorld::Ask(""), .issuer = "issuing", .items = items});
    if (!imported.ok()) return imported;
    for (const std::string& block : imported->block_ids) {
      const auto updates = world_.signer.blocks().SignBlock(block);
      EXPECT_THAT(updates, IsOk());
      EXPECT_THAT(world_.reader.Take(updates->updates), IsOk());
    }
    return imported;
  }
  absl::StatusOr<Imported> ImportRevoked(const std::string& der, int reason,
                                         absl::Time date) {
    return Import({{.certificate = der,
                    .revoked = true,
                    .reason = reason,
                    .revoked_at = date}});
  }
  // What the world is told.
  std::string Status(const std::string& serial) {
    return world_.Answer(*base::FromHex(serial)).status;
  }
  std::string Reason(const std::string& serial) {
    return world_.Answer(*base::FromHex(serial)).reason;
  }

  SignerWorld world_;
  OldCa old_ca_;
};

class BrImporterTest : public ImporterTest {
 protected:
  BrImporterTest() : ImporterTest(RevocationPolicy::kBr) {}
};

// TRUST 2.1: what was imported is in the ledger, so it may be called good.
TEST_F(ImporterTest, AnswersForWhatOthersIssued) {
  const auto imported =
      Import({{.certificate = old_ca_.Issue("7F01")},
              {.certificate = old_ca_.Issue("02"),
               .revoked = true,
               .reason = 1,
               .revoked_at = world_.now() - absl::Hours(24 * 5)}});
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->added, 2u);
  EXPECT_EQ(imported->raised_to_revoked, 1u);
  EXPECT_EQ(Status("7f01"), "good");
  EXPECT_EQ(Status("02"), "revoked");
  const auto crl = world_.SignCrl();
  ASSERT_THAT(crl, IsOk());
  const auto read = world_.openssl.ReadCrl(crl->der);
  EXPECT_EQ(read.entries.size(), 1u);
  EXPECT_EQ(read.entries.at("\x02").reason, "Key Compromise");
}

TEST_F(ImporterTest, RepeatingItChangesNothing) {
  const ImportItem item{.certificate = old_ca_.Issue("05")};
  ASSERT_THAT(Import({item}), IsOk());
  const uint64_t size = world_.signer.ledger().Head().size;
  const auto again = Import({item, item});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->added, 0u);
  EXPECT_EQ(again->already_known, 2u);
  EXPECT_EQ(world_.signer.ledger().Head().size, size);
}

// TRUST 2.3: "one serial, one certificate"; Import "refuses a known serial with
// other bytes".
TEST_F(ImporterTest, RefusesAKnownSerialWithOtherBytes) {
  const std::string first = old_ca_.Issue("05");
  const std::string second = old_ca_.Issue("05", "20280101000001Z");
  ASSERT_NE(first, second);
  EXPECT_THAT(Import({{.certificate = first}, {.certificate = second}}),
              StatusIs(kExists, "items[1]: serial 05"));
  EXPECT_EQ(world_.signer.ledger().Head().size, 0u);  // All or nothing.
  ASSERT_THAT(Import({{.certificate = first}}), IsOk());
  EXPECT_THAT(ImportRevoked(second, 1, world_.now()),
              StatusIs(kExists, "serial 05"));
  EXPECT_EQ(Status("05"), "good");
}

TEST_F(ImporterTest, ACertificateIssuedHereIsKnown) {
  const auto issued = world_.Issue("1");
  ASSERT_THAT(issued, IsOk());
  const auto imported = Import({{.certificate = issued->certificate}});
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->already_known, 1u);
}

// TRUST 2.2: an import "may raise to `revoked` and never lowers".
TEST_F(ImporterTest, RaisesAndNeverLowers) {
  const std::string der = old_ca_.Issue("05");
  const absl::Time date = world_.now() - absl::Hours(9);
  ASSERT_THAT(Import({{.certificate = der}}), IsOk());
  ASSERT_THAT(ImportRevoked(der, 4, date), IsOk());
  EXPECT_EQ(Reason("05"), "superseded");
  ASSERT_THAT(Import({{.certificate = der}}), IsOk());
  ASSERT_THAT(ImportRevoked(der, 6, date), IsOk());
  ASSERT_THAT(ImportRevoked(der, 5, date), IsOk());
  EXPECT_EQ(Status("05"), "revoked");
  EXPECT_EQ(Reason("05"), "superseded");
}

// What is held could be released, what is revoked could not: a revocation that
// an import says must not be dropped for a hold.
TEST_F(ImporterTest, ARevocationReplacesAHold) {
  const std::string der = old_ca_.Issue("05");
  const absl::Time date = world_.now() - absl::Hours(9);
  ASSERT_THAT(ImportRevoked(der, 6, date), IsOk());
  EXPECT_EQ(Reason("05"), "certificateHold");
  ASSERT_THAT(ImportRevoked(der, 1, world_.now()), IsOk());
  EXPECT_EQ(Reason("05"), "keyCompromise");
  EXPECT_EQ(world_.Answer("\x05").revoked_at, date);
  EXPECT_THAT(world_.Release("1", "\x05"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "revoked"));
}

TEST_F(ImporterTest, RefusesReasonsAndDatesThatCannotBe) {
  const std::string der = old_ca_.Issue("05");
  for (const int reason : {-1, 7, 8, 11, 257}) {
    EXPECT_THAT(ImportRevoked(der, reason, world_.now()),
                StatusIs(kInvalid, "items[0]: reason"));
  }
  for (const absl::Time date :
       {world_.now() + absl::Seconds(1), absl::UnixEpoch() - absl::Seconds(1),
        world_.now() - absl::Milliseconds(1), absl::InfinitePast(),
        absl::InfiniteFuture()}) {
    EXPECT_THAT(ImportRevoked(der, 1, date),
                StatusIs(kInvalid, "items[0]: revoked_at"));
  }
  EXPECT_EQ(world_.signer.ledger().Head().size, 0u);
}

// TRUST 2.2: "certificateHold (refused by policy br)", also by this way in: it
// could be released to good.
TEST_F(BrImporterTest, BringsNoReasonThatRevokeRefuses) {
  const std::string der = old_ca_.Issue("05");
  for (const int reason : {2, 6, 10}) {
    EXPECT_THAT(ImportRevoked(der, reason, world_.now()),
                StatusIs(kInvalid, "policy br"));
  }
  EXPECT_THAT(ImportRevoked(der, 0, world_.now()), IsOk());
}

// TRUST 2.2: "for a CA certificate not 0".
TEST_F(BrImporterTest, ACaCertificateIsRevokedForAReason) {
  const std::string der = old_ca_.Issue("05", "20280101000000Z", "sub");
  EXPECT_THAT(ImportRevoked(der, 0, world_.now()),
              StatusIs(kInvalid, "CA certificate"));
  ASSERT_THAT(Import({{.certificate = der}}), IsOk());
  EXPECT_THAT(world_.Revoke("1", "\x05", 0),
              StatusIs(kInvalid, "CA certificate"));
  EXPECT_EQ(Status("05"), "good");
  ASSERT_THAT(world_.Revoke("1", "\x05", 1), IsOk());
  EXPECT_EQ(Reason("05"), "keyCompromise");
}

// An issuer without a profile has CRLs that may live a year (Baseline
// Requirements section 7.2): nothing of a subscriber's belongs on them.
TEST_F(BrImporterTest, OfAnIssuerWithoutAProfileTakesCaCertificatesOnly) {
  Issuer issuer = world_.pki.issuer();
  issuer.profiles.clear();
  testing::FakeDisk disk;
  testing::TestSigner signer({issuer}, *world_.pki.manifest_key(), disk,
                             world_.clock);
  ASSERT_THAT(signer.Start(), IsOk());
  const auto import = [&](const std::string& der) {
    return signer.importer().Import({.asker = SignerWorld::Ask(""),
                                     .issuer = "issuing",
                                     .items = {{.certificate = der}}});
  };
  EXPECT_THAT(import(old_ca_.Issue("05")),
              StatusIs(absl::StatusCode::kFailedPrecondition, "items[0]"));
  EXPECT_THAT(import(old_ca_.Issue("06", "20280101000000Z", "sub")), IsOk());
}

// "takes whole certificates, verifies each under the issuer's key"
TEST_F(ImporterTest, TakesNothingThatTheIssuerDidNotSign) {
  const std::string der = old_ca_.Issue("05");
  std::string forged = der;
  forged.back() ^= 1;
  std::string renumbered = der;
  renumbered[renumbered.find(std::string("\x02\x01\x05", 3)) + 2] = '\x06';
  const TestPki other;  // The same name, another key.
  for (const std::string& bad : {forged, renumbered, der + '\0', der.substr(1),
                                 std::string(), other.issuer().certificate}) {
    EXPECT_THAT(Import({{.certificate = der}, {.certificate = bad}}),
                StatusIs(kInvalid, "items[1]"));
  }
  EXPECT_EQ(world_.signer.ledger().Head().size, 0u);
}

TEST_F(ImporterTest, RefusesWhatHasExpired) {
  EXPECT_THAT(Import({{.certificate = old_ca_.Issue("05", "20270115080000Z")}}),
              StatusIs(kInvalid, "items[0]: has expired"));
  EXPECT_THAT(Import({{.certificate = old_ca_.Issue("06", "20270115080001Z")}}),
              IsOk());
}

TEST_F(ImporterTest, RefusesTooMuchAndTooLittleAndWhatStorageRefuses) {
  EXPECT_THAT(Import({}), StatusIs(kInvalid, "items: 0"));
  EXPECT_THAT(Import(std::vector<ImportItem>(4097)),
              StatusIs(kInvalid, "items: 4097"));
  ImportRequest request{.asker = SignerWorld::Ask(""),
                        .issuer = "issuing",
                        .items = {{.certificate = old_ca_.Issue("05")}}};
  request.asker.requester = "\xff";
  EXPECT_THAT(world_.signer.importer().Import(request),
              StatusIs(kInvalid, "requester: bytes ff"));
  request.asker.requester = "";
  request.issuer = "other";
  EXPECT_THAT(world_.signer.importer().Import(request),
              StatusIs(absl::StatusCode::kNotFound, "other"));
}

TEST_F(ImporterTest, IsOffUnlessConfigured) {
  SigningThreads threads(0);
  Importer off(world_.signer.ledger(), world_.signer.issuers(), threads,
               world_.clock, false);
  EXPECT_THAT(off.Import({.asker = SignerWorld::Ask(""),
                          .issuer = "issuing",
                          .items = {{.certificate = old_ca_.Issue("05")}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "allow_import"));
}

// Import has no request id: a crash in the middle and a repetition end the
// same.
TEST_F(ImporterTest, AFailedWriteLeavesAllOrNothing) {
  std::vector<ImportItem> items;
  for (int i = 10; i < 30; ++i) {
    items.push_back({.certificate = old_ca_.Issue(absl::StrCat(i)),
                     .revoked = i % 2 == 0,
                     .reason = 4,
                     .revoked_at = world_.now()});
  }
  using Failure = testing::FakeDisk::Failure;
  for (const Failure failure :
       {Failure::kBefore, Failure::kNotSynced, Failure::kAfter}) {
    world_.disk.FailWrite(1, failure);
    EXPECT_THAT(Import(items), StatusIs(absl::StatusCode::kUnavailable, ""));
    ASSERT_THAT(world_.PowerCut(), IsOk());
    const uint64_t size = world_.signer.ledger().Head().size;
    EXPECT_EQ(size, failure == Failure::kAfter ? 30u : 0u);
  }
  const auto imported = Import(items);
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->already_known, 20u);
  const auto crl = world_.SignCrl();
  ASSERT_THAT(crl, IsOk());
  EXPECT_EQ(world_.openssl.ReadCrl(crl->der).entries.size(), 10u);
}

}  // namespace
}  // namespace chancery::signer
