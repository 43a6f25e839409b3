#include "signer/ocsp_key_rotation.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_source.h"
#include "crypto/testing/command.h"
#include "crypto/testing/faulty_token.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/delegate_issuance.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/ocsp_file_keys.h"
#include "signer/ocsp_private_keys.h"
#include "signer/ocsp_token_keys.h"
#include "signer/testing/block_reader.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::FaultyToken;
using ::testing::SizeIs;

constexpr absl::Duration kL = absl::Hours(96);

std::string NewFolder() {
  std::string path = ::testing::TempDir() + "/ocsp-keys-XXXXXX";
  return mkdtemp(path.data());
}

Issuer Rotating(const testing::TestPki& pki) {
  Issuer issuer = pki.issuer();
  issuer.rotates_ocsp_key = true;
  issuer.ocsp_key = nullptr;
  issuer.templates.clear();
  return issuer;
}

testing::TestPki::Options LongLeaves() {
  testing::TestPki::Options options;
  options.leaf_validity = absl::Hours(24 * 300);
  return options;
}

class OcspKeyRotationTest : public ::testing::Test {
 protected:
  using OpenKeys = std::function<std::shared_ptr<OcspPrivateKeys>()>;

  OcspKeyRotationTest()
      : OcspKeyRotationTest([this]() -> std::shared_ptr<OcspPrivateKeys> {
          return std::make_shared<OcspFileKeys>(folder_);
        }) {}
  explicit OcspKeyRotationTest(OpenKeys open_keys)
      : open_keys_(std::move(open_keys)) {
    Start();
  }
  ~OcspKeyRotationTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // As after a restart.
  void Start() {
    rotation_.reset();
    signer_ = std::make_unique<testing::TestSigner>(
        std::vector<Issuer>{Rotating(pki_)}, *pki_.manifest_key(), disk_,
        clock_);
    ASSERT_THAT(signer_->Start(), IsOk());
    rotation_ = std::make_unique<OcspKeyRotation>(
        signer_->issuers(), signer_->ledger(), clock_, base::SystemRandom(),
        OcspKeyRotation::Options{
            .folder = folder_,
            .private_keys = open_keys_(),
            .subject = *x509::EncodeName(
                {{"C", "CH"}, {"O", "Example"}, {"CN", "OCSP"}})});
  }
  OcspKeyRotation::Report Step() {
    const auto report = rotation_->Step();
    EXPECT_THAT(report, IsOk());
    return report.value_or(OcspKeyRotation::Report());
  }
  std::string Issue(const std::string& id) {
    static const std::string& csr =
        *new std::string(testing::OpenSslCsr("rotation.example.com"));
    const auto issued = signer_->issuance().Issue(
        {.asker = {.caller_uri = "spiffe://test/authority/a",
                   .requester = "user:tester",
                   .request_id = id},
         .issuer = "issuing",
         .profile = "server",
         .csr = csr});
    EXPECT_THAT(issued, IsOk());
    EXPECT_THAT(reader_.Take(issued->updates), IsOk());
    return issued->serial;
  }
  // What refreshers do: everything that is due.
  void Refresh() {
    const auto listed = signer_->blocks().ListBlocks(0);
    ASSERT_THAT(listed, IsOk());
    for (const ListedBlock& block : listed->blocks) {
      if (block.refresh_at > clock_.Now()) continue;
      const auto made = signer_->blocks().SignBlock(block.block_id);
      ASSERT_THAT(made, IsOk());
      ASSERT_THAT(reader_.Take(made->updates), IsOk());
    }
  }
  // By OpenSSL, as a client that asks now.
  std::string Ask(const std::string& serial, const std::string& hash) const {
    const std::string response =
        reader_.Response(serial, hash == "sha1" ? 0 : 1);
    return openssl_.AskOcsp(response, serial, clock_.Now(), hash).status;
  }
  // The delegates' certificates in the ledger, by serial.
  std::map<std::string, ledger::CertificateEntry> Delegates() {
    std::map<std::string, ledger::CertificateEntry> out;
    const auto range = signer_->ledger().ReadEntries(0, 1 << 30, 1 << 30);
    for (const std::string& bytes : range->entries) {
      const auto entry = ledger::ParseEntry(base::AsBytes(bytes));
      const auto* made = std::get_if<ledger::CertificateEntry>(&entry->body);
      if (made != nullptr && made->profile == kDelegateProfile) {
        out[made->serial] = *made;
      }
    }
    return out;
  }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      names.insert(file.path().filename().string());
    }
    return names;
  }
  size_t KeyFiles() const {
    size_t count = 0;
    for (const std::string& name : Files()) count += name.ends_with(".key");
    return count;
  }

  const OpenKeys open_keys_;
  const testing::TestPki pki_{LongLeaves()};
  const std::string folder_ = NewFolder();
  base::testing::FakeClock clock_{testing::TestPki::Options().now};
  testing::FakeDisk disk_;
  testing::BlockReader reader_{pki_.KeySet()};
  const testing::OpenSslOracle openssl_{pki_.issuer()};
  std::unique_ptr<testing::TestSigner> signer_;
  std::unique_ptr<OcspKeyRotation> rotation_;
};

// TRUST 6; Baseline Requirements section 7.1.2.8.
TEST_F(OcspKeyRotationTest, TheFirstKeyIsThereBeforeAnythingIsSigned) {
  const auto report = Step();
  EXPECT_EQ(report.created, clock_.Now());
  EXPECT_EQ(report.signs_until,
            clock_.Now() + 2 * kL - absl::Minutes(10) - absl::Seconds(1));
  EXPECT_EQ(report.keys, 1u);
  ASSERT_THAT(Delegates(), SizeIs(1));
  const ledger::CertificateEntry made = Delegates().begin()->second;
  EXPECT_EQ(made.not_after, clock_.Now() + 3 * kL - absl::Seconds(1));
  EXPECT_TRUE(openssl_.VerifiesCertificate(made.certificate, clock_.Now()));
  const std::string text = openssl_.CertificateText(made.certificate);
  EXPECT_THAT(text, ::testing::HasSubstr("Subject: C = CH, O = Example"));
  EXPECT_THAT(text, ::testing::HasSubstr("OCSP Signing"));
  EXPECT_THAT(text, ::testing::HasSubstr("OCSP No Check"));
  EXPECT_THAT(text, ::testing::HasSubstr("Digital Signature"));
  const std::string serial = Issue("a");
  EXPECT_EQ(Ask(serial, "sha1"), "good");
  EXPECT_EQ(Ask(serial, "sha256"), "good");
  for (const std::string& name : Files()) {
    struct stat info;
    ASSERT_EQ(stat((folder_ + "/" + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
  EXPECT_EQ(Files().size(), 2u);
}

TEST_F(OcspKeyRotationTest, ARestartChangesNothing) {
  const auto before = Step();
  const auto files = Files();
  const std::string serial = Issue("a");
  Start();
  const auto after = Step();
  EXPECT_EQ(after.created, before.created);
  EXPECT_EQ(Files(), files);
  EXPECT_THAT(Delegates(), SizeIs(1));
  // Nor is the block signed anew for it.
  const auto block = reader_.Record(serial);
  EXPECT_EQ(Issue("a"), serial);
  EXPECT_EQ(reader_.Record(serial).this_update, block.this_update);
}

// Every minute of ten rotations, whatever is asked for is valid; OpenSSL says
// so at the ends.
TEST_F(OcspKeyRotationTest, EveryResponseIsValidAtEveryMoment) {
  Step();
  std::vector<std::string> serials = {Issue("first")};
  std::set<absl::Time> signers;
  absl::Time last_created = absl::InfinitePast();
  size_t most_keys = 0;
  const absl::Time end = clock_.Now() + 21 * kL;
  int hour = 0;
  while (clock_.Now() < end) {
    clock_.Advance(absl::Minutes(20));
    const auto report = Step();
    ASSERT_LE(clock_.Now(), report.signs_until);
    most_keys = std::max(most_keys, report.keys);
    ASSERT_LE(report.keys, 3u);
    ASSERT_EQ(report.keys, KeyFiles());
    signers.insert(report.created);
    const bool switched = report.created != last_created;
    last_created = report.created;
    // A day earlier, its successor is there.
    if (report.signs_until - clock_.Now() < absl::Hours(23)) {
      ASSERT_GE(report.keys, 2u);
    }
    if (++hour % 600 == 0) serials.push_back(Issue(absl::StrCat("at ", hour)));
    Refresh();
    for (const std::string& serial : serials) {
      for (const size_t form : {0, 1}) {
        const std::string der = reader_.Response(serial, form);
        ASSERT_FALSE(der.empty());
      }
      const block::Record record = reader_.Record(serial);
      ASSERT_LE(record.this_update, clock_.Now());
      ASSERT_GT(record.next_update, clock_.Now());
    }
    if (switched || hour % 300 == 0) {
      for (const std::string& serial : serials) {
        ASSERT_EQ(Ask(serial, "sha1"), "good") << clock_.Now();
        ASSERT_EQ(Ask(serial, "sha256"), "good") << clock_.Now();
      }
      // Valid to its last second, under the certificate that is in it.
      const block::Record record = reader_.Record(serials.front());
      ASSERT_EQ(openssl_
                    .AskOcsp(reader_.Response(serials.front()), serials.front(),
                             record.next_update)
                    .status,
                "good")
          << record.next_update;
    }
  }
  // Each signs for 2L less the day that its successor is there before.
  EXPECT_GE(signers.size(), 10u);
  EXPECT_THAT(Delegates(), SizeIs(signers.size() + (KeyFiles() > 1 ? 1 : 0)));
  EXPECT_EQ(most_keys, 2u);
}

TEST_F(OcspKeyRotationTest, AnOldKeyIsDestroyedOnceNoBlockHasItsResponses) {
  const auto first = Step();
  Issue("a");
  const std::string old_key = absl::StrCat(
      folder_, "/ocsp-", absl::ToUnixSeconds(first.created), ".key");
  // Refreshed shortly before its end.
  clock_.Advance(first.signs_until - absl::Hours(1) - clock_.Now());
  EXPECT_EQ(Step().keys, 2u);
  Refresh();
  clock_.Advance(absl::Hours(1));
  const auto second = Step();
  EXPECT_GT(second.created, first.created);
  EXPECT_EQ(second.keys, 2u);
  EXPECT_TRUE(std::filesystem::exists(old_key));
  clock_.Advance(absl::Hours(48));
  Refresh();
  EXPECT_EQ(Step().keys, 1u);
  EXPECT_FALSE(std::filesystem::exists(old_key));
}

TEST_F(OcspKeyRotationTest, AnOutageOfAMonthEndsWithANewKey) {
  const auto before = Step();
  const std::string serial = Issue("a");
  clock_.Advance(absl::Hours(24 * 29));
  Start();
  const auto after = Step();
  EXPECT_EQ(after.created, clock_.Now());
  EXPECT_GT(after.created, before.created);
  Refresh();
  EXPECT_EQ(Ask(serial, "sha1"), "good");
  EXPECT_EQ(Step().keys, 1u);
}

TEST_F(OcspKeyRotationTest, ACrashBeforeTheCertificateIsKeptMakesAnother) {
  Step();
  for (const std::string& name : Files()) {
    if (name.ends_with(".pem")) {
      std::filesystem::remove(folder_ + "/" + name);
    }
  }
  Start();
  Step();
  EXPECT_THAT(Delegates(), SizeIs(2));
  EXPECT_EQ(KeyFiles(), 1u);
  EXPECT_EQ(Ask(Issue("a"), "sha1"), "good");
}

TEST_F(OcspKeyRotationTest, AClockThatWentBackIsRefused) {
  Step();
  clock_.Advance(absl::Hours(-1));
  EXPECT_THAT(rotation_->Step(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "future"));
}

TEST_F(OcspKeyRotationTest, ADamagedKeyIsNamed) {
  Step();
  std::string path;
  for (const std::string& name : Files()) {
    if (name.ends_with(".key")) path = folder_ + "/" + name;
  }
  const std::string damaged = "not a key";
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(damaged), 0600),
              IsOk());
  Start();
  const auto report = rotation_->Step();
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(std::string(report.status().message()),
              ::testing::HasSubstr(path));
}

// A token, before and after all that uses it.
class Token {
 protected:
  std::shared_ptr<OcspPrivateKeys> Open() {
    crypto::KeyOpener opener;
    auto opened = OcspTokenKeys::Open(FaultyToken::Source(), opener);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  // As OpenSC's pkcs11-tool sees them: "pubkey ocsp-1800000000".
  static std::set<std::string> Objects() {
    std::set<std::string> objects;
    for (const std::string type : {"privkey", "pubkey"}) {
      const std::string labels = FaultyToken::Tool(
          "--list-objects --type " + type + " | sed -n 's/^  label: *//p'");
      std::istringstream lines(labels);
      for (std::string line; std::getline(lines, line);) {
        objects.insert(type + " " + line);
      }
    }
    return objects;
  }
  static std::set<std::string> HalvesOf(absl::Time created) {
    const std::string label =
        absl::StrCat("ocsp-", absl::ToUnixSeconds(created));
    return {"privkey " + label, "pubkey " + label};
  }

  FaultyToken token_;
};

class OcspKeysInATokenTest : protected Token, public OcspKeyRotationTest {
 protected:
  OcspKeysInATokenTest()
      : OcspKeyRotationTest([this] { return Token::Open(); }) {}
};

TEST_F(OcspKeysInATokenTest, OnlyCertificatesLieInTheFolder) {
  const auto report = Step();
  EXPECT_EQ(Objects(), HalvesOf(report.created));
  EXPECT_EQ(Files(),
            std::set<std::string>{absl::StrCat(
                "ocsp-", absl::ToUnixSeconds(report.created), "-issuing.pem")});
  const std::string serial = Issue("a");
  EXPECT_EQ(Ask(serial, "sha1"), "good");
  EXPECT_EQ(Ask(serial, "sha256"), "good");
}

TEST_F(OcspKeysInATokenTest, ARestartFindsTheSameKey) {
  const auto before = Step();
  const auto files = Files();
  const std::string serial = Issue("a");
  Start();
  EXPECT_EQ(Step().created, before.created);
  EXPECT_EQ(Files(), files);
  EXPECT_EQ(Objects(), HalvesOf(before.created));
  EXPECT_THAT(Delegates(), SizeIs(1));
  EXPECT_EQ(Ask(Issue("b"), "sha1"), "good");
}

TEST_F(OcspKeysInATokenTest, AnOldKeyIsDestroyedInTheToken) {
  const auto first = Step();
  const std::string serial = Issue("a");
  clock_.Advance(first.signs_until - absl::Hours(1) - clock_.Now());
  EXPECT_EQ(Step().keys, 2u);
  EXPECT_THAT(Objects(), SizeIs(4));
  Refresh();
  clock_.Advance(absl::Hours(49));
  const auto second = Step();
  Refresh();
  EXPECT_EQ(Ask(serial, "sha1"), "good");
  // The token has a bad moment just then: the next step does it.
  token_.Command("fail C_DestroyObject CKR_DEVICE_ERROR\n");
  EXPECT_FALSE(rotation_->Step().ok());
  EXPECT_THAT(Objects(), SizeIs(4));
  EXPECT_EQ(Ask(Issue("b"), "sha1"), "good");
  token_.Command("");
  EXPECT_EQ(Step().keys, 1u);
  EXPECT_EQ(Objects(), HalvesOf(second.created));
  EXPECT_EQ(Files(),
            std::set<std::string>{absl::StrCat(
                "ocsp-", absl::ToUnixSeconds(second.created), "-issuing.pem")});
}

TEST_F(OcspKeysInATokenTest, ALostFolderCostsACertificateOnly) {
  const auto before = Step();
  std::filesystem::remove_all(folder_);
  clock_.Advance(absl::Hours(1));
  Start();
  EXPECT_EQ(Step().created, before.created);
  EXPECT_EQ(Objects(), HalvesOf(before.created));
  ASSERT_THAT(Delegates(), SizeIs(2));
  // No longer than the first one: TRUST 6, "lives 3L".
  for (const auto& [serial, made] : Delegates()) {
    EXPECT_EQ(made.not_after, before.created + 3 * kL - absl::Seconds(1));
  }
  EXPECT_EQ(Ask(Issue("a"), "sha1"), "good");
}

TEST_F(OcspKeysInATokenTest, AKeyThatWasMadeBeforeACrashIsUsed) {
  // All but the answer: the key is there, and nobody was told.
  token_.Command("fail C_GetAttributeValue CKR_DEVICE_ERROR next 1\n");
  EXPECT_FALSE(rotation_->Step().ok());
  EXPECT_EQ(Objects(), HalvesOf(clock_.Now()));
  const absl::Time created = clock_.Now();
  token_.Command("");
  clock_.Advance(absl::Minutes(1));
  const auto report = Step();
  EXPECT_EQ(report.created, created);
  EXPECT_EQ(report.keys, 1u);
  EXPECT_EQ(Objects(), HalvesOf(created));
  EXPECT_EQ(Ask(Issue("a"), "sha1"), "good");
}

TEST_F(OcspKeysInATokenTest, AnAbsentTokenIsTriedAgain) {
  const auto first = Step();
  const std::string serial = Issue("a");
  clock_.Advance(first.signs_until - absl::Hours(1) - clock_.Now());
  token_.Command("absent\n");
  EXPECT_FALSE(rotation_->Step().ok());
  token_.Command("slots 2\n");
  absl::StatusOr<OcspKeyRotation::Report> report = rotation_->Step();
  for (int i = 0; i < 100 && !report.ok(); ++i) {
    crypto::testing::Shell("sleep 0.1");
    report = rotation_->Step();
  }
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->keys, 2u);
  EXPECT_EQ(report->created, first.created);
  Refresh();
  EXPECT_EQ(Ask(serial, "sha1"), "good");
}

}  // namespace
}  // namespace chancery::signer
