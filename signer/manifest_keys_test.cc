#include "signer/manifest_keys.h"

#include <memory>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class ManifestKeysTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const crypto::SigningKey> NewKey() {
    return *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  }
  static block::KeySet::ManifestKey Entry(const crypto::SigningKey& key,
                                          absl::Time from, absl::Time until) {
    return {.spki = base::ToString(key.public_key().spki()),
            .not_before = from,
            .not_after = until};
  }
  size_t At(absl::Time time) const { return keys_.ChooseAt(time, set_).number; }

  const std::shared_ptr<const crypto::SigningKey> first_ = NewKey();
  const std::shared_ptr<const crypto::SigningKey> next_ = NewKey();
  const ManifestKeys keys_{{first_, next_}};
  block::KeySet set_;
};

TEST_F(ManifestKeysTest, WithoutAKeySetTheFirstSigns) {
  EXPECT_EQ(At(kNow), 0u);
  const auto none = ReadKeySet("");
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->version, 0u);
  EXPECT_THAT(ReadKeySet("/nowhere/key-set"),
              StatusIs(absl::StatusCode::kNotFound, "/nowhere/key-set"));
}

// TRUST 4: "rotation overlaps".
TEST_F(ManifestKeysTest, TheNextOneSignsFromItsTimeOn) {
  const absl::Time begins = kNow + absl::Hours(48);
  set_.version = 2;
  set_.keys = {Entry(*first_, kNow - absl::Hours(9), kNow + absl::Hours(999))};
  EXPECT_EQ(At(kNow), 0u);
  set_.keys.push_back(Entry(*next_, begins, kNow + absl::Hours(999)));
  EXPECT_EQ(keys_.ChooseAt(kNow, set_).key_set_version, 2u);
  EXPECT_EQ(At(kNow), 0u);
  // Responders whose clocks are behind have to take it.
  EXPECT_EQ(At(begins + ManifestKeys::kClockLag - absl::Seconds(1)), 0u);
  EXPECT_EQ(At(begins + ManifestKeys::kClockLag), 1u);
  // The other one is retired.
  set_.keys[0].not_after = begins + absl::Hours(1);
  EXPECT_EQ(At(begins + absl::Hours(2)), 1u);
  set_.keys.erase(set_.keys.begin());
  EXPECT_EQ(At(begins + absl::Hours(2)), 1u);
}

TEST_F(ManifestKeysTest, AKeyThatMayNotSignDoesNot) {
  set_.keys = {Entry(*first_, kNow - absl::Hours(9), kNow + absl::Hours(9)),
               Entry(*next_, kNow - absl::Hours(8), kNow - absl::Hours(1))};
  EXPECT_EQ(At(kNow), 0u);
  // None may: responders say so.
  EXPECT_EQ(At(kNow + absl::Hours(10)), 0u);
}

TEST_F(ManifestKeysTest, WhatOthersHoldMayBeSignedByAnyOfTheSet) {
  const auto former = NewKey();
  set_.keys = {Entry(*former, kNow, kNow)};
  const auto all = keys_.AllWith(set_);
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->size(), 3u);
  set_.keys[0].spki = "not a key";
  EXPECT_FALSE(keys_.AllWith(set_).ok());
}

}  // namespace
}  // namespace chancery::signer
