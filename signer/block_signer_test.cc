#include "signer/block_signer.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/key_set.h"
#include "block/manifest.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/revocation.h"
#include "signer/revocation_limit.h"
#include "signer/testing/signer_world.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::BlockReader;
using ::testing::Not;
using testing::SignerWorld;
using testing::TestPki;

class BlockSignerTest : public ::testing::Test {
 protected:
  explicit BlockSignerTest(const TestPki::Options& options = {})
      : world_(options) {}

  std::string Issue() {
    const auto issued = world_.Issue(absl::StrCat("issue ", ++requests_));
    EXPECT_THAT(issued, IsOk());
    return issued->serial;
  }
  void Revoke(const std::string& serial, int reason) {
    EXPECT_THAT(
        world_.Revoke(absl::StrCat("revoke ", ++requests_), serial, reason),
        IsOk());
  }
  std::string BlockOf(const std::string& serial) {
    return world_.State(serial).block_id;
  }
  // A new responder that asks for the whole block.
  BlockReader Fresh(const std::string& block_id) {
    BlockReader reader(world_.pki.KeySet());
    const auto updates = world_.signer.blocks().GetBlock(block_id, 0);
    EXPECT_THAT(updates, IsOk());
    EXPECT_THAT(reader.Take(updates->updates), IsOk());
    return reader;
  }
  // Whatever the ledger says, the reader's answer says for OpenSSL.
  void ExpectAnswersFollowTheLedger(const std::vector<std::string>& serials) {
    for (const std::string& serial : serials) {
      const CertificateState state = world_.State(serial);
      const auto answer = world_.Answer(serial);
      EXPECT_EQ(answer.status,
                state.status == CertificateStatus::kGood ? "good" : "revoked");
      EXPECT_LE(answer.this_update, world_.now());
      if (answer.revoked_at.has_value()) {
        EXPECT_EQ(answer.revoked_at, state.revoked_at);
        EXPECT_GE(answer.this_update, *answer.revoked_at);
      }
    }
  }

  SignerWorld world_;
  int requests_ = 0;
};

// Else a block that nobody had for a while would be read for ever.
TEST_F(BlockSignerTest, AfterManyDeltasABlockIsStoredWhole) {
  const std::string serial = Issue(), block_id = BlockOf(Issue());
  size_t most = 0, least = 1000;
  for (int i = 0; i < 300; ++i) {
    if (i % 2 == 0) {
      Revoke(serial, 6);
    } else {
      ASSERT_THAT(world_.Release(absl::StrCat("release ", i), serial), IsOk());
    }
    const auto view = world_.signer.ledger().Read();
    ASSERT_THAT(view, IsOk());
    const auto deltas = (*view)->state().Deltas(block_id);
    ASSERT_THAT(deltas, IsOk());
    most = std::max(most, deltas->size());
    if (most > 200) least = std::min(least, deltas->size());
  }
  EXPECT_EQ(most, 256u);
  EXPECT_EQ(least, 0u);
  // As a signer that starts reads it, and as a responder that begins.
  ASSERT_THAT(world_.PowerCut(), IsOk());
  EXPECT_EQ(world_.openssl
                .AskOcsp(Fresh(block_id).Response(serial), serial, world_.now())
                .status,
            "good");
  Revoke(serial, 1);
  ExpectAnswersFollowTheLedger({serial});
}

// TRUST 2.1, 4: several blocks, each whole and by deltas, in any mixture.
TEST_F(BlockSignerTest, AnswersFollowTheLedgerAcrossBlocks) {
  std::vector<std::string> serials;
  for (int i = 0; i < 11; ++i) serials.push_back(Issue());  // 8 to a block.
  EXPECT_NE(BlockOf(serials.front()), BlockOf(serials.back()));
  ExpectAnswersFollowTheLedger(serials);
  Revoke(serials[0], 1);
  Revoke(serials[7], 6);
  Revoke(serials[8], 4);
  ExpectAnswersFollowTheLedger(serials);
  ASSERT_THAT(world_.Release("release", serials[7]), IsOk());
  for (const std::string& serial : {serials.front(), serials.back()}) {
    world_.clock.Advance(absl::Hours(40));
    ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
    ExpectAnswersFollowTheLedger(serials);
  }
}

// TRUST 4: both ways lead to the same state, whenever the reader comes in.
TEST_F(BlockSignerTest, DeltasAndWholeBlocksAgree) {
  const std::string first = Issue();
  const std::string block_id = BlockOf(first);
  std::set<uint64_t> versions;
  Revoke(first, 6);
  Revoke(first, 1);
  for (int round = 0; round < 4; ++round) {
    Issue();
    const block::Block* held = world_.reader.Find(block_id);
    EXPECT_TRUE(versions.insert(held->version()).second);
    const BlockReader fresh = Fresh(block_id);
    ASSERT_NE(fresh.Find(block_id), nullptr);
    EXPECT_EQ(fresh.Find(block_id)->version(), held->version());
    EXPECT_EQ(fresh.Find(block_id)->Records(), held->Records());
    EXPECT_EQ(fresh.Find(block_id)->signed_manifest().Encode(),
              held->signed_manifest().Encode());
  }
}

TEST_F(BlockSignerTest, AnyVersionThatWasGivenOutCanBeBroughtUpToDate) {
  const std::string first = Issue();
  const std::string block_id = BlockOf(first);
  std::vector<std::pair<uint64_t, BlockReader>> readers;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back(world_.reader.Find(block_id)->version(),
                         world_.reader);
    if (i == 3) {
      world_.clock.Advance(absl::Hours(1));
      ASSERT_THAT(world_.SignBlockOf(first), IsOk());
    } else {
      Issue();
    }
  }
  for (auto& [version, reader] : readers) {
    const auto updates = world_.signer.blocks().GetBlock(block_id, version);
    ASSERT_THAT(updates, IsOk());
    ASSERT_THAT(reader.Take(updates->updates), IsOk());
    EXPECT_EQ(reader.Find(block_id)->version(),
              world_.reader.Find(block_id)->version());
  }
  // Versions that never were get the whole block; the present one nothing.
  for (const uint64_t version : {uint64_t{1}, ~uint64_t{0}}) {
    const auto updates = world_.signer.blocks().GetBlock(block_id, version);
    ASSERT_THAT(updates, IsOk());
    ASSERT_EQ(updates->updates.size(), 1u);
    EXPECT_FALSE(updates->updates[0].is_delta());
  }
  const auto none = world_.signer.blocks().GetBlock(
      block_id, world_.reader.Find(block_id)->version());
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->updates.empty());
}

// TRUST 2.6, 3: versions are max(previous + 1, microseconds since 1970), and
// each manifest names the one before.
TEST_F(BlockSignerTest, ManifestsAreAChainOfGrowingVersions) {
  const std::string serial = Issue();
  const std::string block_id = BlockOf(serial);
  for (int i = 0; i < 5; ++i) {
    const block::Block before = *world_.reader.Find(block_id);
    if (i == 2) {
      ASSERT_THAT(world_.PowerCut(), IsOk());
    }
    ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
    const block::Block& after = *world_.reader.Find(block_id);
    EXPECT_GT(after.version(), before.version());
    EXPECT_GE(after.version(),
              static_cast<uint64_t>(absl::ToUnixMicros(world_.now())));
    EXPECT_EQ(after.manifest().previous, before.signed_manifest().Hash());
    // TRUST 2.8.
    EXPECT_GE(after.manifest().this_update,
              before.manifest().this_update + absl::Seconds(1));
    EXPECT_LE(after.manifest().this_update, world_.now());
  }
}

// TRUST 2.4, 4: over "chancery/manifest/v1" 0x00 and the message, with the key
// that signs nothing else.
TEST_F(BlockSignerTest, OpenSslVerifiesTheManifest) {
  const std::string serial = Issue();
  const block::Signed& manifest =
      world_.reader.Find(BlockOf(serial))->signed_manifest();
  const auto key_file = [](const char* name, const crypto::SigningKey& key) {
    return crypto::testing::WriteTemp(
        name, x509::EncodePem("PUBLIC KEY", key.public_key().spki()));
  };
  const std::string verify =
      " -signature " +
      crypto::testing::WriteTemp("signature", manifest.signature) + " " +
      crypto::testing::WriteTemp(
          "message",
          std::string("chancery/manifest/v1") + '\0' + manifest.message);
  EXPECT_TRUE(crypto::testing::Succeeds(
      "openssl dgst -sha256 -verify " +
      key_file("manifest.pub", *world_.pki.manifest_key()) + verify));
  EXPECT_FALSE(crypto::testing::Succeeds("openssl dgst -sha256 -verify " +
                                         key_file("ca.pub", *world_.pki.key()) +
                                         verify));
}

// TRUST 4: "blocks under a removed key are refused until signed again".
TEST_F(BlockSignerTest, AnotherManifestKeySignsBlocksWholeAndNamesTheOthers) {
  std::vector<std::string> serials;
  for (int i = 0; i < 9; ++i) serials.push_back(Issue());
  const std::string changed = BlockOf(serials[0]), kept = BlockOf(serials[8]);
  ASSERT_NE(changed, kept);
  const auto next = crypto::GenerateKey({});
  ASSERT_THAT(next, IsOk());
  BlockSigner signer(
      world_.signer.ledger(), world_.signer.issuers(), **next, world_.clock,
      {.wait_until = [&](absl::Time when) {
        world_.clock.Advance(std::max(when - world_.now(), absl::Seconds(1)));
      }});
  const auto by_former_key = [](BlockSigner& asked) {
    std::set<std::string> out;
    const auto list = asked.ListBlocks(0);
    EXPECT_THAT(list, IsOk());
    for (const ListedBlock& block : list->blocks) {
      if (block.by_former_key) out.insert(block.block_id);
    }
    return out;
  };
  EXPECT_EQ(by_former_key(world_.signer.blocks()), std::set<std::string>());
  EXPECT_EQ(by_former_key(signer), (std::set<std::string>{changed, kept}));

  // Where the old key would have signed a delta, to a block that only who
  // believes the old key has.
  RevocationLimit limit(1000);
  Revocation revocation(world_.signer.ledger(), world_.signer.issuers(), signer,
                        limit, world_.clock);
  const auto revoked = revocation.Revoke({.asker = SignerWorld::Ask("next"),
                                          .issuer = "issuing",
                                          .serial = serials[7],
                                          .reason = 1});
  ASSERT_THAT(revoked, IsOk());
  EXPECT_EQ(by_former_key(signer), std::set<std::string>{kept});

  block::KeySet only = world_.pki.KeySet();
  ASSERT_EQ(only.keys.size(), 1u);
  only.keys[0].spki = base::ToString((*next)->public_key().spki());
  BlockReader reader(only);
  ASSERT_THAT(reader.Take(revoked->updates), IsOk());
  const auto status = [&](const std::string& serial) {
    return world_.openssl.AskOcsp(reader.Response(serial), serial, world_.now())
        .status;
  };
  EXPECT_EQ(status(serials[7]), "revoked");
  EXPECT_EQ(status(serials[0]), "good");
  // What did not change is as it was until it is asked for.
  const auto old = signer.GetBlock(kept, 0);
  ASSERT_THAT(old, IsOk());
  EXPECT_THAT(reader.Take(old->updates),
              StatusIs(absl::StatusCode::kPermissionDenied, ""));
  const auto signed_again = signer.SignBlock(kept);
  ASSERT_THAT(signed_again, IsOk());
  ASSERT_THAT(reader.Take(signed_again->updates), IsOk());
  EXPECT_EQ(status(serials[8]), "good");
  EXPECT_EQ(by_former_key(signer), std::set<std::string>());
}

// TRUST 5: the signer stops while its clock is behind its ledger.
TEST_F(BlockSignerTest, RefusesWhileTheClockIsBehind) {
  const std::string serial = Issue();
  const std::string block_id = BlockOf(serial);
  const uint64_t size = world_.signer.ledger().Head().size;
  world_.clock.Advance(-absl::Hours(1));
  constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(world_.signer.blocks().SignBlock(block_id),
              StatusIs(kPrecondition, "clock"));
  EXPECT_THAT(world_.Revoke("revoke", serial, 1),
              StatusIs(kPrecondition, "clock"));
  EXPECT_EQ(world_.signer.ledger().Head().size, size);
}

// TRUST 5: "`good` records that expire within 8 h are not signed again".
TEST_F(BlockSignerTest, ARecordInItsLastHoursIsKeptAsItIs) {
  const std::string serial = Issue();
  const absl::Time end = world_.State(serial).not_after;
  while (end - world_.now() >= absl::Hours(8)) {
    world_.clock.Advance(
        std::min(absl::Hours(80), end - world_.now() - absl::Hours(7.5)));
    ASSERT_THAT(world_.SignBlockOf(serial), IsOk());
    if (end - world_.now() > absl::Hours(96)) {
      EXPECT_EQ(world_.Answer(serial).next_update,
                world_.now() + absl::Hours(96) - absl::Seconds(1));
    } else if (end - world_.now() >= absl::Hours(8)) {
      // nextUpdate = min(..., notAfter).
      EXPECT_EQ(world_.Answer(serial).next_update, end);
    }
  }
  const auto last = world_.Answer(serial);
  EXPECT_EQ(last.status, "good");
  EXPECT_EQ(last.next_update, end);
  EXPECT_LT(last.this_update, world_.now());
  // And afterwards its place is empty for ever.
  world_.clock.Advance(absl::Hours(8));
  const std::string block_id = BlockOf(serial);
  const auto updates = world_.signer.blocks().SignBlock(block_id);
  ASSERT_THAT(updates, IsOk());
  EXPECT_EQ(updates->refresh_at, absl::InfiniteFuture());
  ASSERT_THAT(world_.reader.Take(updates->updates), IsOk());
  EXPECT_EQ(world_.reader.Record(serial).status, block::RecordStatus::kEmpty);
}

class DyingDelegateTest : public BlockSignerTest {
 protected:
  DyingDelegateTest()
      : BlockSignerTest({.delegate_lifetime = absl::Hours(30)}) {}
};

// TRUST 2.10: "Every nextUpdate ends before the notAfter of the certificate
// whose key signed".
TEST_F(DyingDelegateTest, NoAnswerOutlivesItsSigner) {
  const absl::Time end = world_.pki.issuer().ocsp_signer_not_after;
  const std::string good = Issue(), revoked = Issue();
  Revoke(revoked, 1);
  for (const std::string& serial : {good, revoked}) {
    EXPECT_EQ(world_.Answer(serial).next_update, end);
  }
  EXPECT_LE(world_.reader.Find(BlockOf(good))->manifest().next_update, end);
  world_.clock.Advance(absl::Hours(30));
  EXPECT_THAT(world_.signer.blocks().SignBlock(BlockOf(good)), Not(IsOk()));
}

class DirectOcspTest : public BlockSignerTest {
 protected:
  DirectOcspTest()
      : BlockSignerTest(
            {.forms = {block::CertIdForm::kDual}, .delegated = false}) {}
};

// The CA itself answers, both CertIDs under one signature.
TEST_F(DirectOcspTest, OneAnswerServesBothHashes) {
  const std::string good = Issue(), revoked = Issue();
  Revoke(revoked, 5);
  for (const char* hash : {"sha1", "sha256"}) {
    const auto ask = [&](const std::string& serial) {
      return world_.openssl.AskOcsp(world_.reader.Response(serial), serial,
                                    world_.now(), hash);
    };
    EXPECT_EQ(ask(good).status, "good");
    EXPECT_EQ(ask(revoked).status, "revoked");
    EXPECT_EQ(ask(revoked).reason, "cessationOfOperation");
  }
}

TEST_F(BlockSignerTest, RefusesBlocksThatDoNotExist) {
  for (const std::string& id :
       {std::string(), std::string(16, '\0'), std::string(100, 'x')}) {
    constexpr auto kNotFound = absl::StatusCode::kNotFound;
    EXPECT_THAT(world_.signer.blocks().SignBlock(id), StatusIs(kNotFound, ""));
    EXPECT_THAT(world_.signer.blocks().GetBlock(id, 0),
                StatusIs(kNotFound, ""));
  }
}

TEST_F(BlockSignerTest, ListsBlocksAndWhatChangedSince) {
  std::vector<std::string> serials;
  for (int i = 0; i < 9; ++i) serials.push_back(Issue());
  const auto all = world_.signer.blocks().ListBlocks(0);
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->blocks.size(), 2u);
  Revoke(serials[0], 1);
  const auto changed = world_.signer.blocks().ListBlocks(all->ledger_size);
  ASSERT_THAT(changed, IsOk());
  ASSERT_EQ(changed->blocks.size(), 1u);
  EXPECT_EQ(changed->blocks[0].block_id, BlockOf(serials[0]));
  EXPECT_EQ(changed->blocks[0].version,
            world_.reader.Find(BlockOf(serials[0]))->version());
  const auto none = world_.signer.blocks().ListBlocks(changed->ledger_size);
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->blocks.empty());
}

}  // namespace
}  // namespace chancery::signer
