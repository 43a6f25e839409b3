#include "signer/offline_heads.h"

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/key_set_file.h"
#include "block/manifest.h"
#include "chancery/block/v1/head.pb.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::TempPath;
using Rows = OfflineHeads::Rows;

const absl::Time kTime = absl::FromUnixSeconds(1'800'000'000);

block::BlockId IdOf(uint8_t issuer, uint8_t number) {
  block::BlockId id{};
  std::fill_n(id.begin(), 8, issuer);
  id.back() = number;
  return id;
}

class OfflineHeadsTest : public ::testing::Test {
 protected:
  OfflineHeadsTest() {
    block::IssuerId root;
    root.fill(0x33);
    block::KeySet keys;
    keys.keys.push_back({.spki = base::ToString(key_->public_key().spki()),
                         .not_before = kTime - absl::Hours(24),
                         .not_after = kTime + absl::Hours(24),
                         .issuers = {root}});
    const block::Signed file =
        *block::Sign(block::kKeySetType, keys.Encode(), *key_);
    Write(key_set_, file.Encode());
    remove(file_.c_str());
  }
  static void Write(const std::string& path, const std::string& content) {
    ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(content)),
                IsOk());
  }
  std::unique_ptr<OfflineHeads> Open() {
    auto heads = OfflineHeads::Open(
        {file_}, key_set_,
        [&](const std::string& file, const absl::Status& why) {
          EXPECT_EQ(file, file_);
          failures_.push_back(std::string(why.message()));
        });
    EXPECT_THAT(heads, IsOk());
    return heads.ok() ? *std::move(heads) : nullptr;
  }
  void Bring(absl::Time time, const Rows& rows,
             absl::string_view type = block::kOfflineHeadType) {
    const block::SignedHead made =
        *block::SignHead({.time = time}, {.versions = rows}, *key_, type);
    chancery::block::v1::SignedHead message;
    message.set_head(made.head);
    message.set_index(made.index);
    Write(file_, message.SerializeAsString());
  }

  const std::unique_ptr<crypto::SoftwareKey> key_ = *crypto::GenerateKey({});
  const std::string key_set_ = TempPath("key-set");
  const std::string file_ = TempPath("root.head");
  std::vector<std::string> failures_;
};

TEST_F(OfflineHeadsTest, NamesWhatTheNewestHeadNames) {
  const auto heads = Open();
  EXPECT_EQ(heads->Read(), Rows());  // Nothing was brought yet.
  Bring(kTime, {{IdOf(0x33, 1), 5}});
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 5}}));
  Bring(kTime + absl::Hours(1), {{IdOf(0x33, 1), 6}, {IdOf(0x33, 2), 1}});
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 6}, {IdOf(0x33, 2), 1}}));
  remove(file_.c_str());
  EXPECT_EQ(heads->Read().size(), 2u);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(OfflineHeadsTest, AnOlderHeadIsNotTaken) {
  Bring(kTime, {{IdOf(0x33, 1), 5}});
  const auto heads = Open();
  EXPECT_EQ(heads->Read().size(), 1u);
  Bring(kTime - absl::Hours(1), {});
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 5}}));
  EXPECT_EQ(heads->Read().size(), 1u);
  EXPECT_EQ(failures_.size(), 1u);  // Told once.
}

TEST_F(OfflineHeadsTest, WhatCannotBeBelievedChangesNothing) {
  Bring(kTime, {{IdOf(0x33, 1), 5}});
  const auto heads = Open();
  EXPECT_EQ(heads->Read().size(), 1u);
  Write(file_, "no head");
  EXPECT_EQ(heads->Read().size(), 1u);
  // Another issuer's block, and a running signer's head.
  Bring(kTime + absl::Hours(1), {{IdOf(0x34, 1), 5}});
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 5}}));
  Bring(kTime + absl::Hours(1), {}, block::kHeadType);
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 5}}));
  EXPECT_EQ(failures_.size(), 3u);
}

// TRUST 4: "k of n".
TEST_F(OfflineHeadsTest, TheKeySetMayBeSignedBySeveralRoots) {
  const std::string bytes = *base::ReadFile(key_set_);
  block::KeySetFile file = *block::KeySetFile::Parse(base::AsBytes(bytes));
  ASSERT_THAT(block::AddSignature(**crypto::GenerateKey({}), file), IsOk());
  Write(key_set_, file.Encode());
  Bring(kTime, {{IdOf(0x33, 1), 5}});
  const auto heads = Open();
  ASSERT_NE(heads, nullptr);
  EXPECT_EQ(heads->Read(), (Rows{{IdOf(0x33, 1), 5}}));
}

TEST_F(OfflineHeadsTest, NeedsAKeySet) {
  const auto ignore = [](const std::string&, const absl::Status&) {};
  EXPECT_THAT(OfflineHeads::Open({file_}, "", ignore).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "key_set_file"));
  EXPECT_THAT(OfflineHeads::Open({file_}, "/none", ignore).status(),
              StatusIs(absl::StatusCode::kNotFound, "/none"));
  EXPECT_THAT(OfflineHeads::Open({}, "", ignore), IsOk());
}

}  // namespace
}  // namespace chancery::signer
