#include "ledger/revocation_order.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"

namespace chancery::ledger {
namespace {

using ::chancery::base::testing::IsOk;
using ::chancery::base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

RevocationOrder Sample() {
  return {.id = "incident 7",
          .issuer = "issuing",
          .reason = 1,
          .revoked_at = absl::FromUnixSeconds(1700000000),
          .serial_count = 2,
          .serials_sha256 = std::string(32, 's'),
          .expires = absl::FromUnixSeconds(1700086400)};
}

// An identity that OpenSSL made.
struct Approver {
  explicit Approver(const std::string& name) {
    const std::string stem = TempPath(name);
    Shell(
        "umask 077 && openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -subj /CN=second -addext "
        "subjectAltName=URI:spiffe://c/person/second -outform DER -out " +
        stem + ".der -keyout " + stem + ".key");
    certificate = Shell("cat " + stem + ".der");
    auto loaded = crypto::LoadSoftwareKey(stem + ".key", nullptr);
    EXPECT_THAT(loaded, IsOk());
    key = *std::move(loaded);
  }
  std::string certificate;
  std::unique_ptr<crypto::SoftwareKey> key;
};

class RevocationOrderTest : public ::testing::Test {
 protected:
  SignedOrder Signed() {
    auto file = SignOrder(Sample(), approver_.certificate, *approver_.key);
    EXPECT_THAT(file, IsOk());
    return *std::move(file);
  }
  Approver approver_{"approver"};
};

// Written by hand from FORMAT.md.
TEST_F(RevocationOrderTest, HasTheBytesOfTheFormat) {
  const std::string bytes = EncodeOrder(Sample());
  EXPECT_EQ(base::Hex(base::AsBytes(bytes)),
            "01"
            "0a"
            "696e636964656e742037"  // Id.
            "07"
            "69737375696e67"  // Issuer.
            "01"
            "000000006553f100"  // Reason, date.
            "00000002"          // Count.
            "7373737373737373737373737373737373737373737373737373737373737373"
            "0000000065554280");  // Expires.
  RevocationOrder now = Sample();
  now.revoked_at.reset();
  EXPECT_THAT(base::Hex(base::AsBytes(absl::string_view(EncodeOrder(now)))),
              HasSubstr("01ffffffffffffffff00000002"));
}

// sha256(02 0102 02 0103 03 010000), by `sha256sum`.
TEST_F(RevocationOrderTest, TheListIsSortedAsNumbersAndHashed) {
  std::vector<std::string> serials = {std::string("\1\0\0", 3), "\1\3", "\1\2",
                                      "\1\3"};
  SortSerials(serials);
  EXPECT_THAT(serials, ElementsAre("\1\2", "\1\3", std::string("\1\0\0", 3)));
  EXPECT_EQ(
      base::Hex(base::AsBytes(absl::string_view(SerialsSha256(serials)))),
      Shell("printf '\\002\\001\\002\\002\\001\\003\\003\\001\\000\\000' | "
            "sha256sum")
          .substr(0, 64));
}

// The signature is an ordinary one, over the domain and the order.
TEST_F(RevocationOrderTest, OpenSslVerifiesTheSignature) {
  const SignedOrder file = Signed();
  const std::string covered =
      std::string("chancery/revocation-order/v1") + '\0' + file.content.message;
  const std::string message = WriteTemp("covered", covered);
  const std::string signature = WriteTemp("signature", file.content.signature);
  const std::string certificate = WriteTemp("signer.der", file.certificate);
  const std::string key = WriteTemp(
      "signer.pub",
      Shell("openssl x509 -inform DER -noout -pubkey -in " + certificate));
  EXPECT_EQ(Shell("openssl dgst -sha256 -verify " + key + " -signature " +
                  signature + " " + message),
            "Verified OK\n");
}

TEST_F(RevocationOrderTest, AFileSaysWhatWasSigned) {
  const std::string bytes = EncodeSignedOrder(Signed());
  const auto file = ParseSignedOrder(base::AsBytes(bytes));
  ASSERT_THAT(file, IsOk());
  const auto order = OpenOrder(*file);
  ASSERT_THAT(order, IsOk());
  EXPECT_EQ(EncodeOrder(*order), EncodeOrder(Sample()));
  EXPECT_EQ(order->revoked_at, Sample().revoked_at);
}

TEST_F(RevocationOrderTest, AnUnsignedOneOpensNothing) {
  const SignedOrder file{.content = {.message = EncodeOrder(Sample())}};
  const std::string bytes = EncodeSignedOrder(file);
  const auto read = ParseSignedOrder(base::AsBytes(bytes));
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->is_signed());
  EXPECT_THAT(OpenOrder(*read),
              StatusIs(absl::StatusCode::kFailedPrecondition, "nobody"));
}

TEST_F(RevocationOrderTest, NoOctetCanBeChanged) {
  const std::string bytes = EncodeSignedOrder(Signed());
  for (size_t i = 0; i < bytes.size(); i += 3) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto file = ParseSignedOrder(base::AsBytes(changed));
    // A certificate with another signature is for its issuer to refuse.
    if (!file.ok() || file->certificate != approver_.certificate) continue;
    EXPECT_FALSE(OpenOrder(*file).ok()) << i;
  }
}

TEST_F(RevocationOrderTest, AnotherKeyOrTypeSignsNothing) {
  const Approver other("other");
  EXPECT_THAT(SignOrder(Sample(), other.certificate, *approver_.key),
              StatusIs(kInvalid, "not the certificate's"));
  SignedOrder file = Signed();
  file.certificate = other.certificate;
  EXPECT_THAT(OpenOrder(file), StatusIs(kDenied, "signature"));
  // A manifest of the same bytes is no order.
  file.content =
      *block::Sign(block::kManifestType, EncodeOrder(Sample()), *approver_.key);
  file.certificate = approver_.certificate;
  EXPECT_THAT(OpenOrder(file), StatusIs(kDenied, "signature"));
}

TEST_F(RevocationOrderTest, RefusesEveryOtherLength) {
  const std::string bytes = EncodeSignedOrder(Signed());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseSignedOrder(base::AsBytes(bytes).first(size)).ok());
  }
  const std::string longer = bytes + '\0';
  EXPECT_FALSE(ParseSignedOrder(base::AsBytes(longer)).ok());
  const std::string large(kMaxOrderSize + 1, '\1');
  EXPECT_THAT(ParseSignedOrder(base::AsBytes(large)),
              StatusIs(kInvalid, "at most"));
}

// Each row breaks one rule.
TEST_F(RevocationOrderTest, NamesTheFieldThatBreaksItsRule) {
  struct Row {
    std::string field;
    void (*damage)(RevocationOrder&);
  };
  for (const Row& row : std::vector<Row>{
           {"id", [](auto& o) { o.id.clear(); }},
           {"id", [](auto& o) { o.id = std::string(129, 'i'); }},
           {"id", [](auto& o) { o.id = "a\nb"; }},
           {"issuer", [](auto& o) { o.issuer.clear(); }},
           {"issuer", [](auto& o) { o.issuer = std::string(64, 'i'); }},
           {"reason", [](auto& o) { o.reason = 7; }},
           {"reason", [](auto& o) { o.reason = 8; }},
           {"reason", [](auto& o) { o.reason = 11; }},
           {"revoked at",
            [](auto& o) { o.revoked_at = absl::InfiniteFuture(); }},
           {"revoked at",
            [](auto& o) { *o.revoked_at += absl::Milliseconds(1); }},
           {"serial count", [](auto& o) { o.serial_count = 0; }},
           {"serials hash", [](auto& o) { o.serials_sha256.pop_back(); }},
           {"expires", [](auto& o) { o.expires = absl::InfiniteFuture(); }}}) {
    RevocationOrder order = Sample();
    row.damage(order);
    EXPECT_THAT(ValidateOrder(order),
                StatusIs(kInvalid, "order: " + row.field));
    EXPECT_FALSE(SignOrder(order, approver_.certificate, *approver_.key).ok());
  }
}

}  // namespace
}  // namespace chancery::ledger
