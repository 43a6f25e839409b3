#include "responder/cache/block_cache.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "block/draft.h"
#include "block/key_set.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/block_rows.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/testing/memory_cache_store.h"
#include "responder/cache/update_verifier.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

namespace chancery::responder {
namespace {

using block::Record;
using block::RecordStatus;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = OcspSource::Result;

constexpr absl::Time kNow = testing::kIssuerTime;

using testing::Issuer;
using testing::NewKey;

// The responder, as often as it starts: all but the store is lost.
struct Responder {
  Responder(const block::KeySet& key_set, CacheStore& store,
            const base::Clock& clock, const rpc::Log& log,
            const std::string& mapped_folder)
      : keys(key_set),
        issuers(*PinnedIssuers::Create(keys)),
        blocks({issuers, verifier, store, clock, log}, mapped_folder) {
    blocks.Load();
  }
  const block::KeySet keys;
  const PinnedIssuers issuers;
  KeyRing ring{keys};
  const UpdateVerifier verifier{ring, issuers, base::SystemRandom()};
  BlockCache blocks;
};

// In memory and in files.
class BlockCacheTest : public ::testing::TestWithParam<bool> {
 protected:
  BlockCacheTest() {
    keys_.keys = {{.spki = base::ToString(manifest_key_->public_key().spki()),
                   .not_before = kNow - absl::Hours(1),
                   .not_after = kNow + absl::Hours(1000),
                   .issuers = {issuer_.id(), sibling_.id()}}};
    for (const Issuer* one : {&issuer_, &sibling_}) {
      keys_.issuers.push_back(
          {.name = one->name(), .certificate = one->certificate()});
    }
    Restart();
  }

  void Restart() {
    responder_.reset();
    responder_ = std::make_unique<Responder>(keys_, store_, clock_, log_,
                                             mapped_folder_);
  }

  BlockOutcome Apply(const block::Update& update) {
    return responder_->blocks.Apply(update);
  }
  void Accept(const block::Update& update) {
    const BlockOutcome outcome = Apply(update);
    EXPECT_TRUE(outcome.accepted) << outcome.detail;
    EXPECT_EQ(outcome.version, update.version);
  }
  void Refuse(const block::Update& update, const std::string& why) {
    const BlockOutcome outcome = Apply(update);
    EXPECT_FALSE(outcome.accepted);
    EXPECT_THAT(outcome.detail, HasSubstr(why));
  }

  std::optional<std::string> Find(const Issuer& issuer, uint32_t number) {
    const std::string serial = Issuer::Serial(number);
    std::string der;
    const auto id = issuer.Id(serial);
    responder_->blocks.Approach(responder_->blocks.Expect(id));
    if (responder_->blocks.Find(id, der, found_) != Result::kFound) {
      EXPECT_EQ(der, "");
      return std::nullopt;
    }
    return der;
  }

  // The delta that revokes `number`, and the block after it.
  block::SignedDelta Revoke(const block::Block& base, uint32_t number) {
    return *block::SignDelta(
        base, issuer_.Facts(base.version() + 1),
        {{.place = number, .record = issuer_.MakeRecord(number, true)}},
        *manifest_key_);
  }

  std::string Response(const block::Block& block, uint32_t place) {
    std::string der;
    block.AppendResponse(place, 0, der);
    return der;
  }

  base::testing::FakeClock clock_{kNow};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  std::string mapped_folder_ = GetParam() ? std::getenv("TEST_TMPDIR") : "";
  testing::MemoryCacheStore store_;
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = NewKey();
  Issuer issuer_{"issuing", "Issuing"};
  Issuer sibling_{"sibling", "Sibling"};
  block::KeySet keys_;
  std::unique_ptr<Responder> responder_;
  FoundOcsp found_;
};

TEST_P(BlockCacheTest, ServesWhatTheBlockHas) {
  const block::Block block =
      issuer_.MakeBlock(100, issuer_.Good(5), *manifest_key_);
  Accept(issuer_.Whole(block));
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(Find(issuer_, i), Response(block, i));
  }
  EXPECT_EQ(found_.times.this_update, kNow);
  EXPECT_EQ(found_.times.next_update, kNow + absl::Hours(96));
  EXPECT_EQ(found_.times.refresh_at, kNow + absl::Hours(48));
  EXPECT_EQ(Find(issuer_, 5), std::nullopt);
  EXPECT_EQ(Find(sibling_, 0), std::nullopt);
  EXPECT_EQ(responder_->blocks.Count().certificates, 5u);
  clock_.Advance(absl::Hours(96));
  EXPECT_TRUE(Find(issuer_, 0).has_value());
  EXPECT_FALSE(IsCurrent(found_.times, clock_.Now()));
}

TEST_P(BlockCacheTest, TellsIssuersWithTheSameSerialsApart) {
  const auto one = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  const auto other = sibling_.MakeBlock(7, sibling_.Good(1), *manifest_key_);
  Accept(issuer_.Whole(one));
  Accept(sibling_.Whole(other));
  EXPECT_EQ(Find(issuer_, 0), Response(one, 0));
  EXPECT_EQ(Find(sibling_, 0), Response(other, 0));
  EXPECT_EQ(Find(sibling_, 1), std::nullopt);
}

TEST_P(BlockCacheTest, RefusesATamperedBlockAndServesTheOldOne) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  Accept(issuer_.Whole(block));
  const auto next = issuer_.MakeBlock(101, issuer_.Good(3), *manifest_key_);
  const block::Update honest = issuer_.Whole(next);
  for (size_t at = 0; at < honest.content.size(); at += 7) {
    block::Update tampered = honest;
    tampered.content[at] = static_cast<char>(tampered.content[at] ^ 0x21);
    const BlockOutcome outcome = Apply(tampered);
    EXPECT_FALSE(outcome.accepted) << at;
    EXPECT_EQ(outcome.version, 100u);
  }
  EXPECT_EQ(Find(issuer_, 1), Response(block, 1));
}

TEST_P(BlockCacheTest, IgnoresAnOlderBlock) {
  const auto older = issuer_.MakeBlock(99, issuer_.Good(3), *manifest_key_);
  auto records = issuer_.Good(3);
  records[1] = issuer_.MakeRecord(1, true);
  const auto newer = issuer_.MakeBlock(100, records, *manifest_key_);
  Accept(issuer_.Whole(newer));
  const BlockOutcome outcome = Apply(issuer_.Whole(older));
  EXPECT_TRUE(outcome.accepted);
  EXPECT_EQ(outcome.version, 100u);
  block::Update lie = issuer_.Whole(older);
  lie.version = 101;
  Refuse(lie, "announced");
  EXPECT_EQ(Find(issuer_, 1), Response(newer, 1));
}

TEST_P(BlockCacheTest, AppliesADeltaToItsBaseOnly) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  const auto first = Revoke(block, 1);
  const auto second = Revoke(first.block, 2);
  Refuse(Issuer::Of(first.delta), "held is none");
  Accept(issuer_.Whole(block));
  Refuse(Issuer::Of(second.delta), "held is 100");
  EXPECT_EQ(Find(issuer_, 2), Response(block, 2));
  Accept(Issuer::Of(first.delta));
  EXPECT_EQ(Find(issuer_, 1), Response(first.block, 1));
  const OcspOrigin of_the_first = found_.origin;
  EXPECT_TRUE(responder_->blocks.Holds(of_the_first));
  Accept(Issuer::Of(second.delta));
  EXPECT_FALSE(responder_->blocks.Holds(of_the_first));
  EXPECT_EQ(Find(issuer_, 2), Response(second.block, 2));
}

TEST_P(BlockCacheTest, FindsWhatADeltaAdds) {
  const auto block = issuer_.MakeBlock(100, {}, *manifest_key_);
  Accept(issuer_.Whole(block));
  const auto added = *block::SignDelta(
      block, issuer_.Facts(101),
      {{.place = 0, .record = issuer_.MakeRecord(0)}}, *manifest_key_);
  Accept(Issuer::Of(added.delta));
  EXPECT_EQ(Find(issuer_, 0), Response(added.block, 0));
}

TEST_P(BlockCacheTest, RefusesTheManifestKeyOfSomebodyElse) {
  const auto stranger = NewKey();
  Refuse(issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *stranger)),
         "not in the key set");
  keys_.keys[0].issuers = {sibling_.id()};
  Restart();
  Refuse(issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *manifest_key_)),
         "not for issuer");
  EXPECT_TRUE(responder_->blocks.Blocks().empty());
}

TEST_P(BlockCacheTest, RefusesWhatIsSixMinutesInTheFuture) {
  issuer_.set_this_update(kNow + absl::Minutes(6));
  Refuse(issuer_.Whole(issuer_.MakeBlock(100, {}, *manifest_key_)),
         "in the future");
  issuer_.set_this_update(kNow + absl::Minutes(5));
  Accept(issuer_.Whole(issuer_.MakeBlock(100, {}, *manifest_key_)));
}

TEST_P(BlockCacheTest, RefusesSignaturesThatDoNotVerify) {
  auto records = issuer_.Good(1);
  records[0].signatures = issuer_.MakeRecord(1).signatures;
  Refuse(issuer_.Whole(issuer_.MakeBlock(100, records, *manifest_key_)),
         "does not verify");
}

TEST_P(BlockCacheTest, TakesADelegateThatTheIssuerCertifiedForOcsp) {
  const auto delegate = NewKey(), stranger = NewKey();
  const auto whole = [&](std::vector<std::string> certificates) {
    issuer_.UseSigner(*delegate, std::move(certificates));
    return issuer_.Whole(
        issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_));
  };
  Refuse(whole({}), "without a delegate's certificate");
  Refuse(whole({issuer_.Delegate(*delegate, *stranger, x509::kOcspSigning)}),
         "not from the issuer");
  Refuse(whole({issuer_.Delegate(*delegate, issuer_.key(), x509::kServerAuth)}),
         "not for OCSP signing");
  Refuse(
      whole({issuer_.Delegate(*stranger, issuer_.key(), x509::kOcspSigning)}),
      "not the delegate");
  Accept(
      whole({issuer_.Delegate(*delegate, issuer_.key(), x509::kOcspSigning)}));
  EXPECT_TRUE(Find(issuer_, 1).has_value());
}

TEST_P(BlockCacheTest, IsTheSameAfterARestart) {
  auto block = issuer_.MakeBlock(100, issuer_.Good(8), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(
      sibling_.Whole(sibling_.MakeBlock(5, sibling_.Good(3), *manifest_key_)));
  // More than are kept as deltas.
  for (int i = 0; i < 70; ++i) {
    auto next = Revoke(block, static_cast<uint32_t>(i % 8));
    Accept(Issuer::Of(next.delta));
    block = std::move(next.block);
    if (i % 23 == 0) Restart();
  }
  Restart();
  EXPECT_EQ(Find(issuer_, 3), Response(block, 3));
  EXPECT_TRUE(Find(sibling_, 2).has_value());
  const BlockCache::Totals totals = responder_->blocks.Count();
  EXPECT_EQ(totals.blocks, 2u);
  EXPECT_EQ(totals.certificates, 11u);
  EXPECT_EQ(totals.newest_version, 170u);
  EXPECT_EQ(lines_.str(), "");
}

TEST_P(BlockCacheTest, DropsRowsThatAreDamaged) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(Issuer::Of(Revoke(block, 1).delta));
  const auto rows = store_.Rows();
  ASSERT_EQ(rows.size(), 3u);  // Template, block, delta.
  for (const auto& [damaged, value] : rows) {
    for (const auto& [key, honest] : rows)
      ASSERT_TRUE(store_.Put(key, honest).ok());
    std::string changed = value;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    ASSERT_TRUE(store_.Put(damaged, changed).ok());
    Restart();
    EXPECT_FALSE(store_.Rows().contains(damaged) &&
                 store_.Rows().at(damaged) == changed);
    const bool has_block = damaged[0] == '3';
    EXPECT_EQ(Find(issuer_, 1),
              has_block ? std::optional(Response(block, 1)) : std::nullopt);
    EXPECT_EQ(responder_->blocks.Blocks().size(), has_block ? 1u : 0u);
  }
}

// As by somebody who can write to the folder: the row is whole, and the one
// record that is looked at at the start is right.
TEST_P(BlockCacheTest, DropsALoadedBlockThatItsManifestDoesNotCommitTo) {
  const auto honest = issuer_.MakeBlock(100, issuer_.Good(3), *manifest_key_);
  Accept(issuer_.Whole(honest));
  std::vector<Record> records = honest.Records();
  std::swap(records[1].signatures, records[2].signatures);
  const auto forged = block::Block::Make(
      honest.signed_manifest(), honest.manifest(), honest.templates(), records);
  ASSERT_TRUE(
      store_.Put(BlockRow(honest.manifest().block_id), SealRow(forged.Encode()))
          .ok());
  Restart();
  EXPECT_TRUE(Find(issuer_, 1).has_value());
  const OcspOrigin of_the_forged = found_.origin;
  EXPECT_TRUE(responder_->blocks.Holds(of_the_forged));
  block::BlockId dropped{};
  responder_->blocks.CheckLoaded(
      [] { return false; }, [&](const block::BlockId& id) { dropped = id; });
  EXPECT_EQ(dropped, honest.manifest().block_id);
  EXPECT_EQ(Find(issuer_, 1), std::nullopt);
  EXPECT_FALSE(responder_->blocks.Holds(of_the_forged));
  EXPECT_TRUE(responder_->blocks.Blocks().empty());
  EXPECT_EQ(responder_->blocks.Count().certificates, 0u);
  EXPECT_FALSE(store_.Rows().contains(BlockRow(honest.manifest().block_id)));
  EXPECT_THAT(lines_.str(), HasSubstr("block_dropped"));

  Accept(issuer_.Whole(honest));
  EXPECT_EQ(Find(issuer_, 1), Response(honest, 1));
  // Though of the same block and version.
  EXPECT_FALSE(responder_->blocks.Holds(of_the_forged));
  responder_->blocks.CheckLoaded([] { return false; },
                                 [](const block::BlockId&) { FAIL(); });
  EXPECT_EQ(Find(issuer_, 1), Response(honest, 1));
}

// TRUST 4: "blocks under a removed key are refused until signed again".
TEST_P(BlockCacheTest, DropsWhatIsUnderARemovedKey) {
  const auto next_key = NewKey();
  const auto old = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(old));
  keys_.version = 2;
  keys_.keys.push_back(keys_.keys.front());
  keys_.keys.back().spki = base::ToString(next_key->public_key().spki());
  responder_->ring.Replace(keys_);
  const auto fresh = sibling_.MakeBlock(7, sibling_.Good(1), *next_key);
  Accept(sibling_.Whole(fresh));
  responder_->blocks.DropUnbelieved([](const block::BlockId&) { FAIL(); });

  keys_.version = 3;
  keys_.keys.erase(keys_.keys.begin());
  responder_->ring.Replace(keys_);
  std::vector<block::BlockId> dropped;
  responder_->blocks.DropUnbelieved(
      [&](const block::BlockId& id) { dropped.push_back(id); });
  EXPECT_EQ(dropped, std::vector{old.manifest().block_id});
  EXPECT_EQ(Find(issuer_, 1), std::nullopt);
  EXPECT_EQ(Find(sibling_, 0), Response(fresh, 0));
  EXPECT_FALSE(store_.Rows().contains(BlockRow(old.manifest().block_id)));
  Refuse(issuer_.Whole(old), "key set");
  const auto again = issuer_.MakeBlock(101, issuer_.Good(2), *next_key);
  Accept(issuer_.Whole(again));
  EXPECT_EQ(Find(issuer_, 1), Response(again, 1));
}

// A key that was retired signs until its time is over.
TEST_P(BlockCacheTest, DropsWhatIsUnderAKeyWhoseTimeIsOver) {
  Accept(
      issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *manifest_key_)));
  keys_.keys.front().not_after = kNow + absl::Minutes(5);
  responder_->ring.Replace(keys_);
  responder_->blocks.DropUnbelieved([](const block::BlockId&) { FAIL(); });
  clock_.Advance(absl::Minutes(6));
  int dropped = 0;
  responder_->blocks.DropUnbelieved([&](const block::BlockId&) { ++dropped; });
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
}

TEST_P(BlockCacheTest, LeavesOutAtTheStartWhatTheKeySetNoLongerCovers) {
  Accept(
      issuer_.Whole(issuer_.MakeBlock(100, issuer_.Good(1), *manifest_key_)));
  keys_.keys[0].issuers = {sibling_.id()};
  Restart();
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
  EXPECT_TRUE(store_.Rows().empty());
}

TEST_P(BlockCacheTest, ServesWhatTheStoreDoesNotTake) {
  store_.FailWith(absl::UnavailableError("no folder"));
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  EXPECT_EQ(Find(issuer_, 0), Response(block, 0));
  EXPECT_THAT(lines_.str(), HasSubstr("cache_not_written"));
}

TEST_P(BlockCacheTest, ServesFromMemoryWhereNoFileCanBe) {
  mapped_folder_ = "/nonexistent";
  Restart();
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  EXPECT_EQ(Find(issuer_, 0), Response(block, 0));
  EXPECT_THAT(lines_.str(), HasSubstr("block_not_mapped"));
}

TEST_P(BlockCacheTest, KeepsTheVersionOfABlockThatHasNoRecordsLeft) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  Accept(issuer_.Whole(
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_)));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Find(issuer_, 0), std::nullopt);
    EXPECT_EQ(responder_->blocks.Count().certificates, 0u);
    EXPECT_EQ(Apply(issuer_.Whole(block)).version, 101u);
    Restart();
  }
}

TEST_P(BlockCacheTest, DropsABlockADayAfterTheLastOfItHasEnded) {
  const auto block = issuer_.MakeBlock(100, issuer_.Good(2), *manifest_key_);
  const auto ended =
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  const absl::Time end =
      ended.manifest().next_update + absl::Hours(24) - absl::Seconds(1);
  clock_.Advance(end - clock_.Now());
  responder_->blocks.DropEnded();  // It has records: a refresh may yet come.
  Accept(issuer_.Whole(ended));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
  Restart();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
  clock_.Advance(absl::Seconds(1));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), IsEmpty());
  Restart();
  EXPECT_THAT(responder_->blocks.Blocks(), IsEmpty());
  EXPECT_EQ(Find(issuer_, 0), std::nullopt);
}

// An open block may get members after all before them have gone.
TEST_P(BlockCacheTest, ABlockThatWasDroppedComesBack) {
  const auto ended =
      issuer_.MakeBlock(101, std::vector<Record>(2), *manifest_key_);
  Accept(issuer_.Whole(ended));
  clock_.Advance(ended.manifest().next_update + absl::Hours(24) - clock_.Now());
  responder_->blocks.DropEnded();
  const auto block = issuer_.MakeBlock(102, issuer_.Good(2), *manifest_key_);
  Accept(issuer_.Whole(block));
  EXPECT_EQ(Find(issuer_, 0), Response(block, 0));
  responder_->blocks.DropEnded();
  EXPECT_THAT(responder_->blocks.Blocks(), SizeIs(1));
}

TEST_P(BlockCacheTest, NobodySeesTheOldStatusOnceADeltaIsAcknowledged) {
  auto block = issuer_.MakeBlock(100, issuer_.Good(8), *manifest_key_);
  Accept(issuer_.Whole(block));
  std::atomic<bool> done{false};
  std::atomic<int> stale{0}, lost{0};
  // By place: what must be served from now on.
  std::vector<std::atomic<const std::string*>> acknowledged(8);
  std::vector<std::unique_ptr<std::string>> expected;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      // What a reader remembers while it is said to hold.
      std::vector<std::string> ders(8);
      std::vector<FoundOcsp> found(8);
      for (uint32_t turn = 0; !done; ++turn) {
        for (uint32_t i = 0; i < 8; ++i) {
          const std::string* wanted = acknowledged[i];
          std::string& der = ders[i];
          if (turn % 4 == 0 || !responder_->blocks.Holds(found[i].origin)) {
            const std::string serial = Issuer::Serial(i);
            der.clear();
            if (responder_->blocks.Find(issuer_.Id(serial), der, found[i]) !=
                Result::kFound) {
              ++lost;
            }
          }
          if (wanted != nullptr && der != *wanted) ++stale;
        }
      }
    });
  }
  for (uint32_t i = 0; i < 8; ++i) {
    auto next = Revoke(block, i);
    Accept(Issuer::Of(next.delta));
    block = std::move(next.block);
    expected.push_back(std::make_unique<std::string>(Response(block, i)));
    acknowledged[i] = expected.back().get();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
  EXPECT_EQ(lost, 0);
}

INSTANTIATE_TEST_SUITE_P(Memory, BlockCacheTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "InFiles" : "InMemory";
                         });

}  // namespace
}  // namespace chancery::responder
