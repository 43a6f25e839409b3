#include "block/head.h"

#include <functional>
#include <memory>
#include <string>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"

namespace chancery::block {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

const absl::Time kTime = absl::FromUnixMicros(1'700'000'000'123'456);

crypto::Sha256Digest HashOf(const std::string& bytes) {
  return crypto::Sha256(base::AsBytes(bytes));
}

absl::StatusOr<Head> ParseHead(const std::string& bytes) {
  return Head::Parse(base::AsBytes(bytes));
}

absl::StatusOr<Index> ParseIndex(const std::string& bytes) {
  return Index::Parse(base::AsBytes(bytes));
}

std::string Hex(const std::string& bytes) {
  return base::Hex(base::AsBytes(bytes));
}

std::string Repeat(const std::string& hex, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += hex;
  return out;
}

BlockId IdOf(uint8_t issuer, uint8_t number) {
  BlockId id{};
  std::fill_n(id.begin(), 8, issuer);
  id[15] = number;
  return id;
}

Head Example() {
  Head head;
  head.time = kTime;
  head.ledger_size = 9;
  head.ledger_root.fill(0x33);
  head.reflected_size = 7;
  head.index_hash.fill(0x44);
  head.key_set_version = 3;
  head.epoch = 2;
  return head;
}

Index TwoBlocks() {
  return {
      .versions = {{IdOf(0x11, 1), 5}, {IdOf(0x11, 2), 0x0102030405060708}}};
}

TEST(HeadTest, IsLaidOutAsFormatMdSays) {
  EXPECT_EQ(Hex(Example().Encode()),
            "01"
            "00060a2418202240"  // 1,700,000,000,123,456 in hexadecimal.
            "0000000000000009" +
                Repeat("33", 32) + "0000000000000007" + Repeat("44", 32) +
                "0000000000000003"
                "0000000000000002");
}

TEST(HeadTest, ComesBackAsItWas) {
  const std::string encoded = Example().Encode();
  const auto parsed = ParseHead(encoded);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(*parsed, Example());
  for (size_t size = 0; size < encoded.size(); ++size) {
    const std::string part = encoded.substr(0, size);
    EXPECT_FALSE(ParseHead(part).ok()) << size;
  }
  EXPECT_FALSE(ParseHead(encoded + "x").ok());
}

TEST(HeadTest, RefusesToReflectMoreThanThereIs) {
  Head head = Example();
  head.reflected_size = head.ledger_size + 1;
  EXPECT_THAT(ParseHead(head.Encode()),
              StatusIs(absl::StatusCode::kInvalidArgument, "reflects more"));
}

TEST(IndexTest, IsLaidOutAsFormatMdSays) {
  EXPECT_EQ(Hex(TwoBlocks().Encode()),
            "43484931"
            "00000002" +
                Repeat("11", 8) + "0000000000000001" + "0000000000000005" +
                Repeat("11", 8) + "0000000000000002" + "0102030405060708");
}

TEST(IndexTest, FindsVersions) {
  const std::string encoded = TwoBlocks().Encode();
  const auto index = ParseIndex(encoded);
  ASSERT_THAT(index, IsOk());
  EXPECT_EQ(index->VersionOf(IdOf(0x11, 1)), 5u);
  EXPECT_EQ(index->VersionOf(IdOf(0x11, 2)), 0x0102030405060708u);
  EXPECT_EQ(index->VersionOf(IdOf(0x11, 3)), 0u);
  EXPECT_EQ(index->VersionOf(IdOf(0x10, 1)), 0u);
}

TEST(IndexTest, RefusesWhatMakesNoSense) {
  Index twice = TwoBlocks();
  twice.versions[1].first = twice.versions[0].first;
  Index descending = TwoBlocks();
  std::swap(descending.versions[0], descending.versions[1]);
  Index never_signed = TwoBlocks();
  never_signed.versions[0].second = 0;
  for (const Index& index : {twice, descending, never_signed}) {
    EXPECT_THAT(ParseIndex(index.Encode()),
                StatusIs(absl::StatusCode::kInvalidArgument, "index"));
  }
  std::string many = TwoBlocks().Encode();
  many[4] = '\x7f';
  EXPECT_FALSE(ParseIndex(many).ok());
}

class SignedHeadTest : public ::testing::Test {
 protected:
  static std::unique_ptr<crypto::SoftwareKey> Key() {
    return *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  }
  SignedHeadTest() {
    IssuerId issuer;
    issuer.fill(0x11);
    keys_.keys.push_back({.spki = base::ToString(key_->public_key().spki()),
                          .not_before = kTime - absl::Hours(1),
                          .not_after = kTime + absl::Hours(1),
                          .issuers = {issuer}});
  }
  SignedHead Made(const Head& head = Example(),
                  const Index& index = TwoBlocks()) {
    return *SignHead(head, index, *key_);
  }

  const std::unique_ptr<crypto::SoftwareKey> key_ = Key();
  KeySet keys_;
};

TEST_F(SignedHeadTest, OpensUnderItsKey) {
  const auto opened = OpenHead(Made(), keys_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->head.time, kTime);
  EXPECT_EQ(opened->index.versions, TwoBlocks().versions);
  EXPECT_EQ(opened->head.index_hash, HashOf(TwoBlocks().Encode()));
  const SignedHead made = Made();
  EXPECT_EQ(HeadOf(base::AsBytes(made.head))->ledger_size, 9u);
}

TEST_F(SignedHeadTest, RefusesAnotherKey) {
  keys_.keys[0].spki = base::ToString(Key()->public_key().spki());
  EXPECT_THAT(OpenHead(Made(), keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "not in the key"));
}

TEST_F(SignedHeadTest, RefusesAKeyBeforeAndAfterItsTime) {
  for (const absl::Duration off : {absl::Hours(2), -absl::Hours(2)}) {
    Head head = Example();
    head.time += off;
    EXPECT_THAT(
        OpenHead(Made(head), keys_),
        StatusIs(absl::StatusCode::kPermissionDenied, "may not sign at"));
  }
}

TEST_F(SignedHeadTest, RefusesAChangedHead) {
  SignedHead made = Made();
  made.head[20] = static_cast<char>(made.head[20] ^ 1);
  EXPECT_THAT(OpenHead(made, keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "signature"));
}

TEST_F(SignedHeadTest, RefusesAnotherIndex) {
  SignedHead made = Made();
  Index older = TwoBlocks();
  older.versions[1].second = 4;
  made.index = older.Encode();
  EXPECT_THAT(OpenHead(made, keys_),
              StatusIs(absl::StatusCode::kInvalidArgument, "another index"));
}

TEST_F(SignedHeadTest, RefusesABlockOfAnotherIssuer) {
  Index index = TwoBlocks();
  index.versions.push_back({IdOf(0x12, 0), 1});
  EXPECT_THAT(OpenHead(Made(Example(), index), keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "issuer"));
}

// TRUST 10: the issuing signer's heads name the newest root index.
TEST_F(SignedHeadTest, NamesBlocksOfEveryIssuerThatTheSetHasAKeyFor) {
  Index index = TwoBlocks();
  index.versions.push_back({IdOf(0x12, 0), 1});
  IssuerId root;
  root.fill(0x12);
  keys_.keys.push_back({.spki = base::ToString(Key()->public_key().spki()),
                        .not_before = kTime - absl::Hours(1),
                        .not_after = kTime + absl::Hours(1),
                        .issuers = {root}});
  EXPECT_THAT(OpenHead(Made(Example(), index), keys_), IsOk());
  // An offline signer speaks for its own issuers.
  const SignedHead offline =
      *SignHead(Example(), index, *key_, kOfflineHeadType);
  EXPECT_THAT(OpenOfflineHead(offline, keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "issuer"));
}

TEST_F(SignedHeadTest, AnOfflineSignersHeadIsNoHead) {
  const SignedHead offline =
      *SignHead(Example(), TwoBlocks(), *key_, kOfflineHeadType);
  EXPECT_THAT(OpenOfflineHead(offline, keys_), IsOk());
  EXPECT_THAT(OpenHead(offline, keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "signature"));
  EXPECT_THAT(OpenOfflineHead(Made(), keys_),
              StatusIs(absl::StatusCode::kPermissionDenied, "signature"));
}

// What one key signs for one purpose is nothing for another.
TEST_F(SignedHeadTest, RefusesWhatWasSignedAsAManifest) {
  Head head = Example();
  head.index_hash = HashOf(TwoBlocks().Encode());
  const Signed other = *Sign(kManifestType, head.Encode(), *key_);
  EXPECT_THAT(
      OpenHead({.head = other.Encode(), .index = TwoBlocks().Encode()}, keys_),
      StatusIs(absl::StatusCode::kPermissionDenied, "signature"));
}

}  // namespace
}  // namespace chancery::block
