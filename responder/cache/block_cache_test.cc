#include "responder/cache/block_cache.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "block/draft.h"
#include "block/update.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/testing/block_cache_fixture.h"
#include "responder/cache/testing/issuer.h"
#include "responder/freshness.h"
#include "responder/ocsp_source.h"
#include "x509/certificate/certificate.h"

namespace chancery::responder {
namespace {

using ::testing::HasSubstr;
using testing::Issuer;
using testing::NewKey;
using Result = OcspSource::Result;

constexpr absl::Time kNow = testing::kIssuerTime;

class BlockCacheTest : public testing::BlockCacheFixture {};

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
                         testing::NameOfStorage);

}  // namespace
}  // namespace chancery::responder
