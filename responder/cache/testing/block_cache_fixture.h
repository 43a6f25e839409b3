#ifndef CHANCERY_RESPONDER_CACHE_TESTING_BLOCK_CACHE_FIXTURE_H_
#define CHANCERY_RESPONDER_CACHE_TESTING_BLOCK_CACHE_FIXTURE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "block/block.h"
#include "block/draft.h"
#include "block/key_set.h"
#include "block/update.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/testing/memory_cache_store.h"
#include "responder/cache/update_verifier.h"
#include "responder/ocsp_source.h"
#include "rpc/log.h"

namespace chancery::responder::testing {

// The responder, as often as it starts: all but the store is lost.
struct CachingResponder {
  CachingResponder(const block::KeySet& key_set, CacheStore& store,
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
class BlockCacheFixture : public ::testing::TestWithParam<bool> {
 protected:
  BlockCacheFixture() {
    keys_.keys = {{.spki = base::ToString(manifest_key_->public_key().spki()),
                   .not_before = kIssuerTime - absl::Hours(1),
                   .not_after = kIssuerTime + absl::Hours(1000),
                   .issuers = {issuer_.id(), sibling_.id()}}};
    for (const Issuer* one : {&issuer_, &sibling_}) {
      keys_.issuers.push_back(
          {.name = one->name(), .certificate = one->certificate()});
    }
    Restart();
  }

  void Restart() {
    responder_.reset();
    responder_ = std::make_unique<CachingResponder>(keys_, store_, clock_, log_,
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
    EXPECT_THAT(outcome.detail, ::testing::HasSubstr(why));
  }

  std::optional<std::string> Find(const Issuer& issuer, uint32_t number) {
    const std::string serial = Issuer::Serial(number);
    std::string der;
    const auto id = issuer.Id(serial);
    responder_->blocks.Approach(responder_->blocks.Expect(id));
    if (responder_->blocks.Find(id, der, found_) !=
        OcspSource::Result::kFound) {
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

  base::testing::FakeClock clock_{kIssuerTime};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  std::string mapped_folder_ = GetParam() ? std::getenv("TEST_TMPDIR") : "";
  MemoryCacheStore store_;
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = NewKey();
  Issuer issuer_{"issuing", "Issuing"};
  Issuer sibling_{"sibling", "Sibling"};
  block::KeySet keys_;
  std::unique_ptr<CachingResponder> responder_;
  FoundOcsp found_;
};

// Suites of BlockCacheFixture run in memory and in files.
inline std::string NameOfStorage(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "InFiles" : "InMemory";
}

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_CACHE_TESTING_BLOCK_CACHE_FIXTURE_H_
