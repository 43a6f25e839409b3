#include "block/key_set_file.h"

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/manifest.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"

namespace chancery::block {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;

std::unique_ptr<crypto::SoftwareKey> NewKey(
    crypto::KeyType type = crypto::KeyType::kEcP256) {
  return *crypto::GenerateKey({.type = type});
}

class KeySetFileTest : public ::testing::Test {
 protected:
  KeySetFileTest() {
    KeySet set;
    set.version = 7;
    file_.message = set.Encode();
  }

  KeySetRoots Roots(size_t threshold) const {
    return {.keys = {a_->public_key(), b_->public_key(), c_->public_key()},
            .threshold = threshold};
  }
  absl::Status Open(const KeySetRoots& roots) const {
    const std::string bytes = file_.Encode();
    return OpenKeySet(AsBytes(bytes), roots).status();
  }

  const std::unique_ptr<crypto::SoftwareKey> a_ = NewKey();
  const std::unique_ptr<crypto::SoftwareKey> b_ =
      NewKey(crypto::KeyType::kEd25519);
  const std::unique_ptr<crypto::SoftwareKey> c_ =
      NewKey(crypto::KeyType::kEcP384);
  KeySetFile file_;
};

TEST_F(KeySetFileTest, WithOneSignatureIsASignedMessage) {
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  const std::string bytes = file_.Encode();
  const auto plain = Signed::Parse(AsBytes(bytes));
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(plain->message, file_.message);
  EXPECT_THAT(Verify(kKeySetType, *plain, a_->public_key()), IsOk());
  const auto opened = OpenKeySet(AsBytes(bytes), {.keys = {a_->public_key()}});
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->version, 7u);
}

TEST_F(KeySetFileTest, NeedsAsManySignaturesAsTheThresholdSays) {
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  EXPECT_THAT(Open(Roots(1)), IsOk());
  EXPECT_THAT(Open(Roots(2)), StatusIs(absl::StatusCode::kPermissionDenied,
                                       "signed by 1 of 3"));
  ASSERT_THAT(AddSignature(*c_, file_), IsOk());
  EXPECT_THAT(Open(Roots(2)), IsOk());
  EXPECT_THAT(Open(Roots(3)),
              StatusIs(absl::StatusCode::kPermissionDenied, ""));
}

TEST_F(KeySetFileTest, DoesNotCountStrangersOrARootTwice) {
  const auto stranger = NewKey();
  ASSERT_THAT(AddSignature(*stranger, file_), IsOk());
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  EXPECT_THAT(Open(Roots(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, ""));
  EXPECT_THAT(AddSignature(*a_, file_),
              StatusIs(absl::StatusCode::kAlreadyExists, ""));
  file_.signatures.push_back(file_.signatures[1]);
  EXPECT_THAT(Open(Roots(2)), StatusIs(absl::StatusCode::kInvalidArgument, ""));
}

TEST_F(KeySetFileTest, RefusesARootsWrongSignature) {
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  ASSERT_THAT(AddSignature(*b_, file_), IsOk());
  file_.signatures[1].bytes[5] ^= 1;
  EXPECT_THAT(Open(Roots(1)), StatusIs(absl::StatusCode::kPermissionDenied,
                                       "signature is wrong"));
}

TEST_F(KeySetFileTest, RefusesAnotherMessage) {
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  KeySet other;
  other.version = 8;
  file_.message = other.Encode();
  EXPECT_THAT(Open(Roots(1)),
              StatusIs(absl::StatusCode::kPermissionDenied, ""));
}

TEST_F(KeySetFileTest, RefusesAFileThatIsCutOffOrUnsigned) {
  EXPECT_THAT(Open(Roots(1)), StatusIs(absl::StatusCode::kInvalidArgument, ""));
  ASSERT_THAT(AddSignature(*a_, file_), IsOk());
  const std::string bytes = file_.Encode();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    EXPECT_FALSE(OpenKeySet(AsBytes(part), Roots(1)).ok()) << size;
  }
}

TEST_F(KeySetFileTest, RootsReadAsTheyWereWritten) {
  const std::string text = EncodeKeySetRoots(Roots(2));
  const auto roots = ParseKeySetRoots(text);
  ASSERT_THAT(roots, IsOk());
  EXPECT_EQ(roots->threshold, 2u);
  EXPECT_TRUE(roots->keys == Roots(2).keys);

  // One alone is as every tool writes a public key.
  const std::string one = EncodeKeySetRoots({.keys = {a_->public_key()}});
  EXPECT_EQ(one.find("-----BEGIN PUBLIC KEY-----"), 0u);
  ASSERT_THAT(ParseKeySetRoots(one), IsOk());
  EXPECT_EQ(ParseKeySetRoots(one)->threshold, 1u);
  EXPECT_THAT(ParseKeySetRoots(base::AsText(a_->public_key().spki())), IsOk());
}

TEST_F(KeySetFileTest, RefusesRootsThatSayTooLittleOrTooMuch) {
  const std::string text = EncodeKeySetRoots(Roots(2));
  const std::string keys = text.substr(text.find('\n') + 1);
  const struct {
    std::string text;
    const char* why;
  } rows[] = {
      {keys, "must say how many"},
      {"Threshold: 4\n" + keys, "4 of 3"},
      {"Threshold: 0\n" + keys, "at least 1"},
      {"Threshold: two\n" + keys, "must be a number"},
      {"Threshold: 2\n" + keys + keys, "twice"},
      {"-----BEGIN CERTIFICATE-----\n", "1 to 100"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(ParseKeySetRoots(row.text),
                StatusIs(absl::StatusCode::kInvalidArgument, row.why));
  }
}

}  // namespace
}  // namespace chancery::block
