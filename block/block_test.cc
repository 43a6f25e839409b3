#include "block/block.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "block/draft.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::block {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr uint32_t kCapacity = 16;

class BlockTest : public ::testing::Test {
 protected:
  BlockTest() {
    const std::string name = "\x30\x00";
    for (const CertIdForm form : {CertIdForm::kSha1, CertIdForm::kSha256}) {
      auto made =
          OcspTemplate::Create(form, base::AsBytes(name), key_->public_key(),
                               key_->public_key(), key_->algorithm(), {});
      auto shared = std::make_shared<const OcspTemplate>(*std::move(made));
      known_[shared->id()] = shared;
      templates_.push_back(std::move(shared));
    }
    facts_.version = 100;
    facts_.capacity = kCapacity;
    facts_.this_update = kNow;
    facts_.next_update = kNow + absl::Hours(96);
    facts_.refresh_at = kNow + absl::Hours(48);
    facts_.produced_at = kNow;
    facts_.ledger_size = 1;
  }

  Record MakeRecord(uint32_t number, RecordStatus status, absl::Time at) {
    Record record;
    record.status = status;
    if (status == RecordStatus::kEmpty) return record;
    record.serial =
        "\x01" + std::string(10 + number % 9, static_cast<char>(number));
    if (status == RecordStatus::kRevoked) {
      record.revocation_time = at;
      record.reason = 1;
    }
    record.this_update = at;
    record.next_update = at + absl::Hours(96);
    for (const auto& one : templates_) {
      std::string tbs;
      one->BuildTbs(record.facts(), tbs);
      const std::string signature = *key_->Sign(base::AsBytes(tbs));
      record.signatures.push_back(*one->Compact(base::AsBytes(signature)));
    }
    return record;
  }

  Block MakeBlock(uint32_t count) {
    std::vector<Record> records;
    for (uint32_t i = 0; i < count; ++i) {
      records.push_back(MakeRecord(
          i, i % 5 == 4 ? RecordStatus::kRevoked : RecordStatus::kGood,
          i % 3 == 2 ? kNow - absl::Hours(1) : kNow));
    }
    return *SignWhole(facts_, templates_, records, *manifest_key_);
  }

  SignedDelta MakeDelta(const Block& base, std::vector<Change> changes) {
    Manifest facts = facts_;
    facts.version = base.version() + 1;
    return *SignDelta(base, facts, std::move(changes), *manifest_key_);
  }

  std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  std::unique_ptr<crypto::SoftwareKey> manifest_key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  Templates templates_;
  TemplateMap known_;
  Manifest facts_;
};

TEST_F(BlockTest, AnEncodingComesBackAsItWas) {
  for (uint32_t count : {0u, 1u, 7u, kCapacity}) {
    const Block block = MakeBlock(count);
    ASSERT_THAT(block.Check(), IsOk());
    const std::string encoded = block.Encode();
    const auto again = Block::Parse(base::AsBytes(encoded), known_);
    ASSERT_THAT(again, IsOk());
    EXPECT_THAT(again->Check(), IsOk());
    EXPECT_EQ(again->Encode(), encoded);
    EXPECT_EQ(again->Records(), block.Records());
  }
}

TEST_F(BlockTest, NoByteCanBeChangedUnnoticed) {
  const Block block = MakeBlock(6);
  const std::string encoded = block.Encode();
  for (size_t i = 0; i < encoded.size(); ++i) {
    std::string changed = encoded;
    changed[i] = static_cast<char>(changed[i] ^ 0x41);
    const auto parsed = Block::Parse(base::AsBytes(changed), known_);
    if (!parsed.ok()) continue;
    const bool noticed = !parsed->Check().ok() ||
                         parsed->signed_manifest().key_id !=
                             KeyIdOf(manifest_key_->public_key()) ||
                         !Verify(kManifestType, parsed->signed_manifest(),
                                 manifest_key_->public_key())
                              .ok();
    EXPECT_TRUE(noticed) << "byte " << i << " of " << encoded.size();
  }
  for (size_t size = 0; size < encoded.size(); ++size) {
    const std::string part = encoded.substr(0, size);
    EXPECT_FALSE(Block::Parse(base::AsBytes(part), known_).ok()) << size;
  }
}

TEST_F(BlockTest, RefusesAnUnknownTemplate) {
  const std::string encoded = MakeBlock(2).Encode();
  EXPECT_THAT(Block::Parse(base::AsBytes(encoded), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "template"));
}

TEST_F(BlockTest, RefusesASignatureThatCannotBeOne) {
  const Block block = MakeBlock(3);
  std::string encoded = block.Encode();
  // The last place's s, under the last template.
  std::fill(encoded.end() - 32, encoded.end(), '\0');
  EXPECT_THAT(Block::Parse(base::AsBytes(encoded), known_),
              StatusIs(absl::StatusCode::kInvalidArgument, "cannot be one"));

  SignedDelta made =
      MakeDelta(block, {{1, MakeRecord(1, RecordStatus::kRevoked, kNow)}});
  std::string& signature = made.delta.changes[0].record.signatures[1];
  for (const std::string& wrong :
       {std::string(32, '\0') + signature.substr(32), signature.substr(1),
        signature + "x", std::string()}) {
    Delta changed = made.delta;
    changed.changes[0].record.signatures[1] = wrong;
    EXPECT_THAT(block.Apply(changed),
                StatusIs(absl::StatusCode::kInvalidArgument, "signature"));
  }
  made.delta.changes[0].record.signatures.pop_back();
  EXPECT_THAT(block.Apply(made.delta),
              StatusIs(absl::StatusCode::kInvalidArgument, "signature"));
}

TEST_F(BlockTest, RefusesADeltaOfAnotherBlock) {
  const Block ours = MakeBlock(3);
  facts_.block_id[15] = 1;
  const Block other = MakeBlock(3);
  const SignedDelta made =
      MakeDelta(other, {{1, MakeRecord(1, RecordStatus::kRevoked, kNow)}});
  EXPECT_THAT(ours.Apply(made.delta),
              StatusIs(absl::StatusCode::kInvalidArgument, "another block"));
}

TEST_F(BlockTest, RefusesADeltaFromAForkOfTheSameVersion) {
  const Block ours = MakeBlock(3);
  facts_.ledger_size = 2;
  const Block fork = MakeBlock(3);
  ASSERT_EQ(ours.version(), fork.version());
  const SignedDelta made =
      MakeDelta(fork, {{1, MakeRecord(1, RecordStatus::kRevoked, kNow)}});
  EXPECT_THAT(ours.Apply(made.delta),
              StatusIs(absl::StatusCode::kInvalidArgument, "does not follow"));
}

TEST_F(BlockTest, AnAuthenticManifestDoesNotCoverOtherRecords) {
  const Block block = MakeBlock(4);
  const std::vector<Record> records = block.Records();
  for (uint32_t place = 0; place < 4; ++place) {
    for (const int change : {0, 1, 2, 3}) {
      std::vector<Record> wrong = records;
      Record& record = wrong[place];
      switch (change) {
        case 0:
          record = Record();
          break;
        case 1:
          record.status = record.status == RecordStatus::kGood
                              ? RecordStatus::kRevoked
                              : RecordStatus::kGood;
          break;
        case 2:
          record.next_update += absl::Seconds(1);
          break;
        case 3:
          std::swap(wrong[place], wrong[(place + 1) % 4]);
          break;
      }
      EXPECT_THAT(Block::Make(block.signed_manifest(), block.manifest(),
                              block.templates(), wrong)
                      .Check(),
                  StatusIs(absl::StatusCode::kDataLoss, "manifest"))
          << place << ", " << change;
    }
  }
}

TEST_F(BlockTest, ARecordOfOneFormCosts82Bytes) {
  templates_.resize(1);
  facts_.capacity = 1024;
  std::vector<Record> records;
  Record record = MakeRecord(1, RecordStatus::kGood, kNow);
  record.serial = std::string(16, '\x01');
  for (int i = 0; i < 1000; ++i) records.push_back(record);
  const size_t none =
      SignWhole(facts_, templates_, {}, *manifest_key_)->Encode().size();
  const size_t all =
      SignWhole(facts_, templates_, records, *manifest_key_)->Encode().size();
  // Signature 64, serial 16, its length and the status. The manifest's own
  // signature differs by a few bytes each time.
  EXPECT_NEAR(static_cast<double>(all - none), 1000 * 82, 10);
}

TEST_F(BlockTest, ADeltaAppliesOnlyToItsBase) {
  const Block first = MakeBlock(6);
  const SignedDelta second = MakeDelta(
      first,
      {{2, MakeRecord(2, RecordStatus::kRevoked, kNow + absl::Seconds(5))}});
  const SignedDelta third = MakeDelta(
      second.block,
      {{6, MakeRecord(6, RecordStatus::kGood, kNow + absl::Seconds(9))}});
  EXPECT_THAT(first.Apply(third.delta),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 100"));
  const auto applied = first.Apply(second.delta);
  ASSERT_THAT(applied, IsOk());
  EXPECT_THAT(applied->Apply(second.delta),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 101"));
  EXPECT_EQ(applied->Facts(2).status, RecordStatus::kRevoked);
  EXPECT_EQ(applied->Apply(third.delta)->count(), 7u);
}

TEST_F(BlockTest, NoByteOfADeltaCanBeChangedUnnoticed) {
  const Block base = MakeBlock(6);
  const SignedDelta made = MakeDelta(
      base,
      {{1, MakeRecord(1, RecordStatus::kRevoked, kNow + absl::Seconds(5))},
       {6, MakeRecord(6, RecordStatus::kGood, kNow + absl::Seconds(5))}});
  const std::string encoded = made.delta.Encode();
  EXPECT_EQ(Delta::Parse(base::AsBytes(encoded))->Encode(), encoded);
  for (size_t i = 0; i < encoded.size(); ++i) {
    std::string changed = encoded;
    changed[i] = static_cast<char>(changed[i] ^ 0x21);
    const auto parsed = Delta::Parse(base::AsBytes(changed));
    if (!parsed.ok()) continue;
    const bool noticed = parsed->signed_manifest.key_id !=
                             KeyIdOf(manifest_key_->public_key()) ||
                         !Verify(kManifestType, parsed->signed_manifest,
                                 manifest_key_->public_key())
                              .ok() ||
                         !base.Apply(*parsed).ok();
    EXPECT_TRUE(noticed) << "byte " << i << " of " << encoded.size();
  }
}

TEST_F(BlockTest, AnySequenceOfDeltasEqualsSigningAnew) {
  std::mt19937 random(3);
  for (int run = 0; run < 2000; ++run) {
    Block block = MakeBlock(3);
    std::vector<Record> model = block.Records();
    BlockTrees trees(block);
    const int steps = 1 + static_cast<int>(random() % 10);
    for (int step = 0; step < steps; ++step) {
      std::map<uint32_t, Record> chosen;
      const absl::Time at =
          random() % 4 == 0 ? kNow : kNow + absl::Seconds(10 + step);
      if (model.size() < kCapacity && random() % 2) {
        const auto place = static_cast<uint32_t>(model.size());
        chosen[place] = MakeRecord(place, RecordStatus::kGood, at);
        model.emplace_back();
      }
      for (int n = 1 + static_cast<int>(random() % 3); n > 0; --n) {
        const uint32_t place = random() % model.size();
        chosen[place] = MakeRecord(
            place, RecordStatus{static_cast<uint8_t>(random() % 3)}, at);
      }
      std::vector<Change> changes;
      for (const auto& [place, record] : chosen) {
        changes.push_back({place, record});
        model[place] = record;
      }
      Manifest facts = facts_;
      facts.version = block.version() + 1;
      const SignedDelta made =
          *SignDelta(block, trees, facts, changes, *manifest_key_);
      const std::string wire = made.delta.Encode();
      const auto applied = block.Apply(*Delta::Parse(base::AsBytes(wire)));
      ASSERT_THAT(applied, IsOk());
      ASSERT_THAT(applied->Check(), IsOk());
      EXPECT_EQ(applied->Records(), model);
      EXPECT_EQ(applied->Encode(), made.block.Encode());
      block = *applied;
    }
  }
}

// A token that has gone away.
class BrokenKey final : public crypto::SigningKey {
 public:
  explicit BrokenKey(const crypto::SigningKey& key) : key_(key) {}
  const crypto::PublicKey& public_key() const override {
    return key_.public_key();
  }
  crypto::SignatureAlgorithm algorithm() const override {
    return key_.algorithm();
  }
  absl::StatusOr<std::string> Sign(base::Bytes) const override {
    return absl::UnavailableError("token");
  }

 private:
  const crypto::SigningKey& key_;
};

TEST_F(BlockTest, TreesAreAsTheyWereWhenADeltaCannotBeSigned) {
  const Block block = MakeBlock(6);
  BlockTrees trees(block);
  Manifest facts = facts_;
  facts.version = block.version() + 1;
  const std::vector<Change> changes = {
      {2, MakeRecord(2, RecordStatus::kRevoked, kNow)},
      {9, MakeRecord(9, RecordStatus::kGood, kNow)}};
  EXPECT_THAT(
      SignDelta(block, trees, facts, changes, BrokenKey(*manifest_key_)),
      StatusIs(absl::StatusCode::kUnavailable, "token"));
  EXPECT_EQ(trees.records.root(), block.manifest().record_root);
  EXPECT_EQ(trees.statuses.root(), block.manifest().status_root);
  const auto made = SignDelta(block, trees, facts, changes, *manifest_key_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->block.Check(), IsOk());
  EXPECT_EQ(trees.records.root(), made->block.manifest().record_root);
  EXPECT_EQ(trees.statuses.root(), made->block.manifest().status_root);
}

TEST_F(BlockTest, AKeySetLetsOnlyItsKeysSignForTheirIssuers) {
  KeySet set;
  const IssuerId ours{1}, other{2};
  set.keys.push_back(
      {.spki = base::ToString(manifest_key_->public_key().spki()),
       .not_before = kNow,
       .not_after = kNow + absl::Hours(1),
       .issuers = {ours}});
  set.issuers.push_back({.name = "issuing", .certificate = "DER"});
  const std::string file = Sign(kKeySetType, set.Encode(), *key_)->Encode();
  const auto opened =
      OpenKeySet(base::AsBytes(file), {.keys = {key_->public_key()}});
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->Encode(), set.Encode());
  const auto id = KeyIdOf(manifest_key_->public_key());
  EXPECT_THAT(opened->FindManifestKey(id, ours, kNow), IsOk());
  EXPECT_THAT(opened->FindManifestKey(id, other, kNow),
              StatusIs(absl::StatusCode::kPermissionDenied, "issuer"));
  EXPECT_THAT(opened->FindManifestKey(id, ours, kNow + absl::Hours(2)),
              StatusIs(absl::StatusCode::kPermissionDenied, "not valid"));
  EXPECT_THAT(
      opened->FindManifestKey(KeyIdOf(key_->public_key()), ours, kNow),
      StatusIs(absl::StatusCode::kPermissionDenied, "not in the key set"));
  EXPECT_THAT(
      OpenKeySet(base::AsBytes(file), {.keys = {manifest_key_->public_key()}}),
      StatusIs(absl::StatusCode::kPermissionDenied, "pinned root"));
}

}  // namespace
}  // namespace chancery::block
