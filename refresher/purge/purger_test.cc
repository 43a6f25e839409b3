#include "refresher/purge/purger.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/ledger_follower.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kSigner[] = "spiffe://test/signer/one";

// Takes what it is sent, or fails as it is told.
class FakePoster final : public HttpPoster {
 public:
  absl::Status Post(const HttpRequest& request) override {
    tried.push_back(request.body);
    if (failure.ok()) taken.push_back(request.body);
    return failure;
  }
  absl::Status failure;
  std::vector<std::string> tried, taken;
};

class PurgerTest : public testing::RefresherFixture {
 protected:
  PurgerTest() {
    EXPECT_THAT(
        inventory_.PutIssuer({.issuer_id = signer_.issuer().issuer_id,
                              .name = signer_.issuer().name,
                              .certificate = signer_.issuer().certificate}),
        IsOk());
    block_ = signer_.AddBlock(8);
    Restart();
    Follow();
    // The first start: from here on.
    EXPECT_THAT(purger_->Step(), IsOk());
  }

  // A new process.
  void Restart(PurgeEndpoint endpoint = {}, Purger::Options options = {}) {
    follower_.emplace(signer_, inventory_, keeper_, sink_, log_,
                      LedgerFollower::Options{.signer = kSigner});
    if (endpoint.name.empty()) endpoint.name = "cdn";
    options.signer = kSigner;
    if (options.token_file.empty()) {
      options.token_file = WriteTemp("token", "secret-token\n");
    }
    purger_.emplace(
        Purger::Parts{.signer = signer_,
                      .inventory = inventory_,
                      .poster = poster_,
                      .clock = clock_,
                      .random = base::SystemRandom(),
                      .log = log_,
                      .served =
                          [this](uint64_t size, absl::Time since, bool crls) {
                            return size <= served_size_ &&
                                   (!crls || crls_served_at_ >= since);
                          }},
        endpoint, options);
  }
  void Follow() {
    while (*follower_->Step()) {
    }
  }
  // Until nothing is to be done at once.
  absl::Status Run() {
    while (true) {
      const auto more = purger_->Step();
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }
  std::string TagOf(uint32_t place) {
    const std::string serial = signer_.Serial(block_, place);
    return absl::StrCat("ocsp/", signer_.issuer().name, "/",
                        base::Hex(base::AsBytes(serial)));
  }

  FakePoster poster_;
  std::optional<LedgerFollower> follower_;
  std::optional<Purger> purger_;
  uint64_t served_size_ = ~uint64_t{0};
  absl::Time crls_served_at_ = absl::InfiniteFuture();
  std::string block_;
};

TEST_F(PurgerTest, PostsTheTagsOfWhatChangedOnce) {
  signer_.Revoke(block_, 2);
  signer_.Change(block_, 3, ledger::StatusChange::kHold);
  signer_.Issue(block_);  // New: nobody has an answer about it.
  Follow();
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(poster_.taken, SizeIs(1));
  EXPECT_THAT(poster_.taken[0], HasSubstr(TagOf(2)));
  EXPECT_THAT(poster_.taken[0], HasSubstr(TagOf(3)));
  EXPECT_EQ(purger_->purged(), 2u);
  ASSERT_THAT(Run(), IsOk());
  Restart();
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.taken, SizeIs(1));
}

// Caches have fetched what was changed before there was a hook.
TEST_F(PurgerTest, AFirstStartBeginsAtTheLedgersEnd) {
  signer_.Revoke(block_, 0);
  Follow();
  Restart({.name = "another"});
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.tried, IsEmpty());
  signer_.Revoke(block_, 1);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.taken, SizeIs(1));
}

TEST_F(PurgerTest, WaitsUntilEveryReadyResponderServesIt) {
  served_size_ = signer_.ledger_size();
  signer_.Revoke(block_, 0);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  clock_.Advance(absl::Seconds(3));
  EXPECT_GE(purger_->Waiting(), absl::Seconds(3));
  EXPECT_THAT(poster_.tried, IsEmpty());
  served_size_ += 1;  // The revocation's entry.
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.taken, SizeIs(1));
  EXPECT_EQ(purger_->Waiting(), absl::ZeroDuration());
}

// Revocations that come all the time do not put off those before them.
TEST_F(PurgerTest, WhatComesMeanwhileWaitsForTheNextBatch) {
  served_size_ = signer_.ledger_size() + 1;
  signer_.Revoke(block_, 0);
  ASSERT_THAT(Run(), IsOk());  // Read; the inventory has not followed yet.
  signer_.Revoke(block_, 1);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(poster_.taken, SizeIs(1));
  EXPECT_THAT(poster_.taken[0], Not(HasSubstr(TagOf(1))));
  served_size_ = ~uint64_t{0};
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.taken.back(), HasSubstr(TagOf(1)));
}

TEST_F(PurgerTest, ACrlIsPurgedOnceItIsPublished) {
  const auto download = signer_.SignCrl({.issuer = signer_.issuer().name});
  ASSERT_THAT(download, IsOk());
  const SignedCrl& crl = (*download)->facts();
  Follow();
  crls_served_at_ = absl::InfinitePast();
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.tried, IsEmpty());
  ASSERT_THAT(
      inventory_.PutCrl(
          {.issuer_id = crl.issuer_id, .number = crl.number, .size = crl.size},
          [&] { return (*download)->Next(); }),
      IsOk());
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.tried, IsEmpty());  // Responders have not compared yet.
  crls_served_at_ = clock_.Now();
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(poster_.taken, SizeIs(1));
  EXPECT_THAT(poster_.taken[0],
              HasSubstr("\"crl/" + signer_.issuer().name + "\""));
}

// As responders name shards (block/cache_tag.h).
TEST_F(PurgerTest, OfADividedIssuerOnlyTheShardIsPurged) {
  signer_.SetCrlShards(4);
  const auto download =
      signer_.SignCrl({.issuer = signer_.issuer().name, .shard = 3});
  ASSERT_THAT(download, IsOk());
  const SignedCrl& crl = (*download)->facts();
  Restart({.name = "cdn"}, {.public_urls = {"http://crl.example.com"}});
  Follow();
  ASSERT_THAT(inventory_.PutCrl({.issuer_id = crl.issuer_id,
                                 .shard = 3,
                                 .number = crl.number,
                                 .size = crl.size},
                                [&] { return (*download)->Next(); }),
              IsOk());
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(poster_.taken, SizeIs(1));
  const std::string path = signer_.issuer().name + "/3";
  EXPECT_THAT(poster_.taken[0], HasSubstr("\"crl/" + path + "\""));
  EXPECT_THAT(poster_.taken[0],
              HasSubstr("\"http://crl.example.com/crl/" + path + ".crl\""));
}

TEST_F(PurgerTest, TriesForEverMoreAndMoreSeldom) {
  signer_.Revoke(block_, 0);
  Follow();
  poster_.failure = absl::UnavailableError("HTTP: status 500");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable, "cdn"));
  ASSERT_THAT(Run(), IsOk());  // Not at once.
  EXPECT_THAT(poster_.tried, SizeIs(1));
  for (int hour = 0; hour < 24 * 3600; ++hour) {
    clock_.Advance(absl::Seconds(1));
    Run().IgnoreError();
  }
  EXPECT_GT(poster_.tried.size(), 24u * 12);
  EXPECT_LT(poster_.tried.size(), 24u * 12 + 20);
  EXPECT_EQ(purger_->failed(), poster_.tried.size());
  poster_.failure = absl::OkStatus();
  clock_.Advance(absl::Minutes(5));
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.taken, SizeIs(1));
}

// Killed before the cursor moved, it posts again; after, it does not.
TEST_F(PurgerTest, NoPurgeIsLostWhereverItStops) {
  for (uint32_t place = 0; place < 4; ++place) {
    signer_.Revoke(block_, place);
    Follow();
    poster_.taken.clear();
    for (int call = 0; call < 12; ++call) {
      for (const bool after : {false, true}) {
        inventory_.FailAt(call, after);
        Run().IgnoreError();
        inventory_.Heal();
        Restart();
      }
    }
    ASSERT_THAT(Run(), IsOk());
    ASSERT_FALSE(poster_.taken.empty());
    EXPECT_LE(poster_.taken.size(), 12u);
    for (const std::string& body : poster_.taken) {
      EXPECT_THAT(body, HasSubstr(TagOf(place)));
    }
  }
}

TEST_F(PurgerTest, AMassRevocationGoesInBatches) {
  signer_.SetPageSize(5);
  Restart({.name = "cdn",
           .shape = PurgeShape::kFastly,
           .url = "https://api",
           .id = "service",
           .limit = 3});
  for (uint32_t place = 0; place < 8; ++place) signer_.Revoke(block_, place);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  std::string all;
  for (const std::string& body : poster_.taken) {
    EXPECT_LE(body.size(), 3 * 64u);
    all += body;
  }
  for (uint32_t place = 0; place < 8; ++place) {
    EXPECT_THAT(all, HasSubstr(TagOf(place)));
  }
  EXPECT_GE(poster_.taken.size(), 3u);
}

// As clients ask: both CertID forms, each in three ways of escaping.
TEST_F(PurgerTest, TellsTheUrlsThatClientsAskFor) {
  Restart({.name = "cdn"}, {.public_urls = {"http://ocsp.example.com/"}});
  signer_.Revoke(block_, 0);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  ASSERT_THAT(poster_.taken, SizeIs(1));
  const std::string& body = poster_.taken[0];
  size_t urls = 0;
  for (size_t at = 0; (at = body.find("http://", at)) != std::string::npos;
       ++at) {
    ++urls;
  }
  EXPECT_GE(urls, 2u);
  EXPECT_LE(urls, 6u);
  EXPECT_THAT(body, HasSubstr("\"http://ocsp.example.com/M"));
}

TEST_F(PurgerTest, WhatAnotherRefresherPostedIsNotPostedAgain) {
  signer_.Revoke(block_, 0);
  served_size_ = 0;
  Follow();
  ASSERT_THAT(Run(), IsOk());  // Waits.
  ASSERT_THAT(inventory_.ApplyLedgerStep(
                  {.signer = "purge:cdn", .next_index = signer_.ledger_size()}),
              IsOk());
  served_size_ = ~uint64_t{0};
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(poster_.tried, IsEmpty());
}

TEST_F(PurgerTest, ATokenThatOthersCanReadIsNotUsed) {
  Restart({.name = "cdn"}, {.token_file = WriteTemp("open", "x", 0644)});
  signer_.Revoke(block_, 0);
  Follow();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, "open"));
  EXPECT_THAT(poster_.tried, IsEmpty());
}

TEST_F(PurgerTest, NoLogLineHasTheToken) {
  signer_.Revoke(block_, 0);
  Follow();
  poster_.failure = absl::UnavailableError("HTTP: status 403");
  const absl::Status failed = Run();
  poster_.failure = absl::OkStatus();
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Run(), IsOk());
  EXPECT_TRUE(Logged("purged"));
  EXPECT_FALSE(absl::StrContains(lines_.str(), "secret-token"));
  EXPECT_FALSE(absl::StrContains(failed.ToString(), "secret-token"));
}

TEST_F(PurgerTest, SaysThatTheLedgerIsShorterThanItWas) {
  const uint64_t size = signer_.ledger_size();
  signer_.Revoke(block_, 0);
  signer_.Revoke(block_, 1);
  Follow();
  ASSERT_THAT(Run(), IsOk());
  signer_.Truncate(size);
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, "ledger"));
}

}  // namespace
}  // namespace chancery::refresher
