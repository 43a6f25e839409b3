#include "audit/block_check.h"

#include "audit/testing/feed.h"
#include "base/testing/status_matchers.h"
#include "block/draft.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::audit {
namespace {

using base::testing::StatusIs;
using signer::testing::SignerWorld;
using testing::Feed;
using testing::Summary;

class BlockCheckTest : public ::testing::Test {
 protected:
  BlockCheckTest() {
    for (const char* name : {"first", "second", "third"}) {
      serials_.push_back(world_.Issue(name)->serial);
    }
    EXPECT_TRUE(world_.Revoke("r", serials_[1], 4).ok());
    EXPECT_EQ(Summary(Feed(world_).ReplayInto(replay_)), "");
    block_ = std::make_unique<block::Block>(
        *world_.reader.Find(world_.State(serials_[0]).block_id));
    for (const auto& one : block_->templates()) templates_[one->id()] = one;
  }

  // As whoever has the real manifest key would make one.
  block::Block Forge(const std::vector<block::Record>& records,
                     const crypto::SigningKey& key) {
    block::Manifest facts = block_->manifest();
    facts.version += 1;
    return *block::SignWhole(facts, block_->templates(), records, key);
  }

  std::string Check(const block::Block& block) {
    Findings findings;
    HeldBlock held{std::make_shared<const block::Block>(block),
                   {{block.signed_manifest(), block.manifest()}}};
    CheckVersions(replay_, testing::KeysOf(world_), held, findings);
    CheckRecords(replay_, block, findings, unissued_);
    CheckRecordSignatures(block,
                          *x509::Certificate::Parse(
                              base::AsBytes(world_.pki.issuer().certificate)),
                          2, findings);
    return Summary(findings);
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
  Replay replay_{{}};
  std::unique_ptr<block::Block> block_;
  block::TemplateMap templates_;
  std::vector<std::string> unissued_;
};

TEST_F(BlockCheckTest, WhatTheSignerMadeIsClean) {
  const auto held = RebuildBlock({.data = block_->Encode()}, templates_);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(Check(*held->block), "");
}

TEST_F(BlockCheckTest, AFlippedBitIsDamage) {
  std::string bytes = block_->Encode();
  bytes.back() ^= 1;  // Of a signature.
  EXPECT_THAT(RebuildBlock({.data = bytes}, templates_),
              StatusIs(absl::StatusCode::kDataLoss, ""));
}

TEST_F(BlockCheckTest, AForgedBlockOfAnotherKey) {
  const auto key = *crypto::GenerateKey({crypto::KeyType::kEcP256});
  EXPECT_EQ(Check(Forge(block_->Records(), *key)),
            "manifest-not-verified x1; block-not-in-ledger x1");
}

TEST_F(BlockCheckTest, ADroppedRecord) {
  auto records = block_->Records();
  records[0] = {};
  EXPECT_EQ(Check(Forge(records, *world_.pki.manifest_key())),
            "block-not-in-ledger x1; record-missing x1");
}

TEST_F(BlockCheckTest, ARecordOfNobody) {
  auto records = block_->Records();
  records.push_back(records[0]);
  records.back().serial = "nobody";
  EXPECT_EQ(Check(Forge(records, *world_.pki.manifest_key())),
            "block-not-in-ledger x1; record-of-unissued-serial x1; "
            "record-signature-wrong x2");
  EXPECT_EQ(unissued_, std::vector<std::string>{"nobody"});
}

TEST_F(BlockCheckTest, ARevokedRecordMadeGood) {
  auto records = block_->Records();
  records[1].status = block::RecordStatus::kGood;
  records[1].revocation_time = absl::UnixEpoch();
  records[1].reason = 0;
  EXPECT_EQ(Check(Forge(records, *world_.pki.manifest_key())),
            "block-not-in-ledger x1; record-status-differs x1; "
            "record-signature-wrong x2");
}

TEST_F(BlockCheckTest, ARecordAtAnothersPlace) {
  auto records = block_->Records();
  std::swap(records[0], records[2]);
  EXPECT_EQ(Check(Forge(records, *world_.pki.manifest_key())),
            "block-not-in-ledger x1; record-status-differs x2");
}

}  // namespace
}  // namespace chancery::audit
