#include "block/manifest.h"

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

Manifest Example() {
  Manifest manifest;
  manifest.block_id.fill(0x11);
  manifest.issuer_id.fill(0x22);
  manifest.version = 0x0102030405060708;
  manifest.base_version = 9;
  manifest.capacity = 4096;
  manifest.count = 3;
  manifest.record_root.fill(0x33);
  manifest.status_root.fill(0x44);
  manifest.templates.resize(1);
  manifest.templates[0].fill(0x55);
  manifest.this_update = absl::FromUnixSeconds(1'700'000'000);
  manifest.next_update = absl::FromUnixSeconds(1'700'000'001);
  manifest.refresh_at = absl::FromUnixSeconds(1'700'000'002);
  manifest.produced_at = absl::FromUnixSeconds(1'700'000'003);
  manifest.ledger_size = 7;
  manifest.previous.fill(0x66);
  return manifest;
}

std::string Repeat(const std::string& hex, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += hex;
  return out;
}

TEST(ManifestTest, OfALaterEpochHasItsNumberAtTheEnd) {
  Manifest manifest = Example();
  const std::string first = EncodeManifest(manifest);
  manifest.epoch = 3;
  std::string later = EncodeManifest(manifest);
  EXPECT_EQ(later, '\2' + first.substr(1) + std::string(7, '\0') + '\3');
  ASSERT_THAT(ParseManifest(base::AsBytes(later)), IsOk());
  EXPECT_EQ(*ParseManifest(base::AsBytes(later)), manifest);
  // One form for each: the first epoch is not written.
  later.back() = 1;
  EXPECT_FALSE(ParseManifest(base::AsBytes(later)).ok());
  later[0] = 1;
  EXPECT_FALSE(ParseManifest(base::AsBytes(later)).ok());
}

TEST(ManifestTest, IsLaidOutAsFormatMdSays) {
  const std::string encoded = EncodeManifest(Example());
  EXPECT_EQ(base::Hex(base::AsBytes(encoded)),
            "01" + Repeat("11", 16) + Repeat("22", 32) +
                "0102030405060708"
                "0000000000000009"
                "00001000"
                "00000003" +
                Repeat("33", 32) + Repeat("44", 32) + "01" + Repeat("55", 32) +
                "000000006553f100"
                "000000006553f101"
                "000000006553f102"
                "000000006553f103"
                "0000000000000007" +
                Repeat("66", 32));
}

TEST(ManifestTest, ComesBackAsItWas) {
  Manifest manifest = Example();
  for (size_t templates : {1, 2}) {
    manifest.templates.resize(templates);
    const std::string encoded = EncodeManifest(manifest);
    const auto parsed = ParseManifest(base::AsBytes(encoded));
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(*parsed, manifest);
    for (size_t size = 0; size < encoded.size(); ++size) {
      const std::string part = encoded.substr(0, size);
      EXPECT_FALSE(ParseManifest(base::AsBytes(part)).ok()) << size;
    }
    const std::string longer = encoded + "x";
    EXPECT_FALSE(ParseManifest(base::AsBytes(longer)).ok());
  }
}

TEST(ManifestTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    std::function<void(Manifest&)> change;
  };
  const Case cases[] = {
      {"no template", [](Manifest& m) { m.templates.clear(); }},
      {"three templates", [](Manifest& m) { m.templates.resize(3); }},
      {"capacity is not a power of two",
       [](Manifest& m) { m.capacity = 4095; }},
      {"capacity is 0",
       [](Manifest& m) {
         m.capacity = 0;
         m.count = 0;
       }},
      {"capacity above the limit",
       [](Manifest& m) { m.capacity = 2 * kMaxCapacity; }},
      {"more places than capacity", [](Manifest& m) { m.count = 4097; }},
      {"version 0",
       [](Manifest& m) {
         m.version = 0;
         m.base_version = 0;
       }},
      {"a base that is not older",
       [](Manifest& m) { m.base_version = m.version; }},
      {"a time before 1970",
       [](Manifest& m) { m.this_update = absl::FromUnixSeconds(-1); }},
      {"a time past 9999",
       [](Manifest& m) { m.refresh_at = absl::FromUnixSeconds(253402300800); }},
  };
  for (const Case& test : cases) {
    Manifest manifest = Example();
    test.change(manifest);
    const std::string encoded = EncodeManifest(manifest);
    EXPECT_THAT(ParseManifest(base::AsBytes(encoded)),
                StatusIs(absl::StatusCode::kInvalidArgument, "manifest"))
        << test.name;
  }
}

TEST(SignedTest, CoversTypeAndMessage) {
  const auto key = *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  EXPECT_EQ(SignedMessage("manifest", base::AsBytes("m", 1)),
            std::string("chancery/manifest/v1\0m", 22));
  const auto made = Sign(kManifestType, "message", *key);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Verify(kManifestType, *made, key->public_key()), IsOk());
  EXPECT_FALSE(Verify("key-set", *made, key->public_key()).ok());
  EXPECT_EQ(made->key_id, KeyIdOf(key->public_key()));
  const std::string encoded = made->Encode();
  const auto again = Signed::Parse(base::AsBytes(encoded));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->Encode(), encoded);
  EXPECT_EQ(again->Hash(), made->Hash());
  Signed other = *made;
  other.message += "x";
  EXPECT_FALSE(Verify(kManifestType, other, key->public_key()).ok());
}

TEST(SignedTest, IsSignedWithTheKeysOwnAlgorithm) {
  for (const crypto::KeySpec& spec :
       {crypto::KeySpec{.type = crypto::KeyType::kEcP256},
        crypto::KeySpec{.type = crypto::KeyType::kEcP384},
        crypto::KeySpec{.type = crypto::KeyType::kRsa, .bits = 2048},
        crypto::KeySpec{.type = crypto::KeyType::kEd25519}}) {
    const auto key = *crypto::GenerateKey(spec);
    EXPECT_THAT(Sign(kManifestType, "message", *key), IsOk());
  }
}

}  // namespace
}  // namespace chancery::block
