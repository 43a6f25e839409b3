#include "refresher/feed_trimmer.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/manifest.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "ledger/entry.h"
#include "merkle/tree.h"
#include "refresher/ledger_copy.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ledger::CertificateEntry;

constexpr char kSigner[] = "spiffe://test/signer/one";
constexpr absl::Duration kTwoYears = absl::Hours(24 * 731);
// Roots are kept at least so far apart.
constexpr int kGroup = 128;

class FeedTrimmerTest : public testing::RefresherFixture {
 protected:
  // Entries of the signer, and then what a follower keeps of them.
  void Append(ledger::EntryBody body) {
    const ledger::Entry entry{
        .index = next_++, .time = clock_.Now(), .body = std::move(body)};
    ASSERT_THAT(ledger::ValidateEntry(entry), IsOk());
    AppendRaw(ledger::EncodeEntry(entry));
  }
  void AppendRaw(const std::string& bytes) {
    entries_.push_back(bytes);
    leaves_.push_back(merkle::LeafHash(base::AsBytes(bytes)));
    frontier_.Append(leaves_.back());
  }
  void Follow() {
    const uint64_t end = leaves_.size();
    ASSERT_THAT(inventory_.ApplyLedgerStep(
                    {.signer = kSigner,
                     .from_index = end - entries_.size(),
                     .next_index = end,
                     .entries = std::exchange(entries_, {}),
                     .root = {.size = end,
                              .frontier = frontier_.Encode(),
                              .signed_root = absl::StrCat("root ", end)}}),
                IsOk());
  }
  void AppendGroup(absl::Duration lifetime) {
    for (int i = 0; i < kGroup; ++i) Append(Certificate(lifetime));
    Follow();
  }
  // All that may be dropped; how many steps it took.
  int Trim() {
    for (int steps = 1; steps < 100; ++steps) {
      const auto more = trimmer_.Step();
      EXPECT_THAT(more, IsOk());
      if (!more.value_or(false)) return steps;
    }
    ADD_FAILURE() << "there is no end";
    return 0;
  }
  uint64_t First() { return *inventory_.FirstEntry(kSigner); }

  absl::Time Second() const {
    return absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now()));
  }
  CertificateEntry Certificate(absl::Duration lifetime) const {
    return {.issuer_id = std::string(32, 'i'),
            .serial = absl::StrCat("\x01", next_),
            .not_after = Second() + lifetime,
            .block_id = std::string(16, 'b'),
            .block_capacity = 4096,
            .lifetime_class = 128,
            .profile = "server",
            .certificate = "DER"};
  }
  CertificateEntry ImportedExpired() const {
    CertificateEntry entry = Certificate(absl::Hours(-24 * 2000));
    entry.imported = true;
    entry.profile.clear();
    return entry;
  }
  ledger::StatusEntry Revocation() const {
    return {.issuer_id = std::string(32, 'i'),
            .serial = "\x01\x02",
            .reason = 1,
            .revoked_at = Second()};
  }
  ledger::ManifestEntry Manifest(absl::Duration lifetime) const {
    block::Manifest facts;
    facts.version = 1;
    facts.capacity = 16;
    facts.count = 1;
    facts.templates = {{}};
    facts.this_update = facts.produced_at = Second();
    facts.next_update = Second() + lifetime;
    facts.refresh_at = Second() + lifetime / 2;
    const auto key = crypto::GenerateKey({});
    return {.block_id = std::string(16, 'b'),
            .version = 1,
            .this_update = facts.this_update,
            .refresh_at = absl::InfiniteFuture(),
            .manifest = block::Sign(block::kManifestType,
                                    block::EncodeManifest(facts), **key)
                            ->Encode()};
  }
  ledger::CrlEntry Crl(absl::Duration lifetime) const {
    return {.issuer_id = std::string(32, 'i'),
            .number = 9,
            .this_update = Second(),
            .next_update = Second() + lifetime,
            .crl_sha256 = std::string(32, 'c')};
  }

  uint64_t next_ = 0;
  std::vector<std::string> entries_;  // That were not followed yet.
  std::vector<merkle::Hash> leaves_;
  merkle::Frontier frontier_;
  FeedTrimmer trimmer_{inventory_, clock_, log_, {.signer = kSigner}};
};

TEST_F(FeedTrimmerTest, EachKindIsKeptTwoYearsPastItsEnd) {
  const ledger::Origin origin{.caller = "spiffe://test/operator/o",
                              .request_id = "r-1",
                              .request_hash = std::string(32, 'h')};
  const struct {
    const char* name;
    ledger::EntryBody body;
    absl::Duration end;
  } kRows[] = {
      {"Certificate", Certificate(absl::Hours(24 * 90)), absl::Hours(24 * 90)},
      {"ImportedExpired", ImportedExpired(), absl::ZeroDuration()},
      {"Revocation", Revocation(), absl::ZeroDuration()},
      {"Manifest", Manifest(absl::Hours(96)), absl::Hours(96)},
      {"Crl", Crl(absl::Hours(216)), absl::Hours(216)},
      {"Issuer",
       ledger::IssuerEntry{.issuer_id = std::string(32, 'i'),
                           .name = "web",
                           .certificate = "DER"},
       absl::ZeroDuration()},
      {"Order",
       ledger::OrderEntry{.count = 1, .origin = origin, .order = "signed"},
       absl::ZeroDuration()},
      {"Epoch", ledger::EpochEntry{.epoch = 2}, absl::ZeroDuration()},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    real_inventory_ = NewInventory();
    inventory_.Replace(*real_inventory_);
    next_ = 0;
    leaves_.clear();
    frontier_ = {};
    const absl::Time written = clock_.Now();
    Append(row.body);
    Follow();
    clock_.Advance(row.end + kTwoYears);
    Trim();
    EXPECT_EQ(First(), 0u);
    clock_.Advance(absl::Microseconds(1));
    Trim();
    EXPECT_EQ(First(), 1u);
    clock_.Advance(written - clock_.Now());
  }
}

// What is behind something that lives has to stay, since roots cover all of it.
TEST_F(FeedTrimmerTest, OnlyTheBeginningGoes) {
  AppendGroup(absl::Hours(24));
  AppendGroup(absl::Hours(24 * 30));
  AppendGroup(absl::Hours(24));
  clock_.Advance(absl::Hours(24) + kTwoYears + absl::Seconds(1));
  Trim();
  EXPECT_EQ(First(), 1u * kGroup);
  EXPECT_TRUE(Logged("INFO feed_trimmed"));
  EXPECT_EQ(inventory_.ReadLedger(kSigner, First(), 3 * kGroup)->size(),
            2u * kGroup);
  clock_.Advance(absl::Hours(24 * 29));
  Trim();
  EXPECT_EQ(First(), 3u * kGroup);
}

// An auditor, or a signer that is fed, gets from what is kept to each root.
TEST_F(FeedTrimmerTest, RootsCanStillBeComputed) {
  for (int i = 0; i < 4; ++i) AppendGroup(absl::Hours(24));
  clock_.Advance(absl::Hours(24) + kTwoYears);
  for (int i = 0; i < 10; ++i) Append(Certificate(absl::Hours(24)));
  Follow();
  clock_.Advance(absl::Seconds(1));
  Trim();
  // The root behind the fourth group made room for the newest.
  EXPECT_EQ(First(), 3u * kGroup);
  for (uint64_t size = First(); size <= leaves_.size(); ++size) {
    const auto root = CopiedRootAt(inventory_, kSigner, size);
    ASSERT_THAT(root, IsOk());
    EXPECT_EQ(*root, merkle::RootOf({leaves_.data(), size}));
  }
  EXPECT_THAT(CopiedRootAt(inventory_, kSigner, First() - 1),
              StatusIs(absl::StatusCode::kDataLoss, "is not there"));
}

TEST_F(FeedTrimmerTest, GoesInSteps) {
  for (int i = 0; i < 24; ++i) AppendGroup(absl::Hours(24));
  clock_.Advance(absl::Hours(24) + kTwoYears + absl::Seconds(1));
  ASSERT_TRUE(*trimmer_.Step());
  EXPECT_EQ(First(), 8u * kGroup);
  EXPECT_EQ(Trim(), 3);
  EXPECT_EQ(First(), 24u * kGroup);
  // All of it: the last root stays, and what comes next follows on it.
  AppendGroup(absl::Hours(24));
  EXPECT_EQ(Trim(), 1);
  EXPECT_EQ(First(), 24u * kGroup);
}

TEST_F(FeedTrimmerTest, WhatMakesNoSenseStays) {
  AppendGroup(absl::Hours(24));
  for (int i = 0; i < kGroup; ++i) AppendRaw("no entry");
  Follow();
  clock_.Advance(absl::Hours(24) + kTwoYears + absl::Seconds(1));
  EXPECT_THAT(trimmer_.Step().status(),
              StatusIs(absl::StatusCode::kDataLoss, "damaged at entry 128"));
  EXPECT_EQ(First(), 0u);
}

TEST_F(FeedTrimmerTest, AFailureDropsNothingByHalf) {
  for (int i = 0; i < 3; ++i) AppendGroup(absl::Hours(24));
  AppendGroup(absl::Hours(48));
  clock_.Advance(absl::Hours(24) + kTwoYears + absl::Seconds(1));
  for (const bool after : {false, true}) {
    for (int call = 0;; ++call) {
      inventory_.FailAt(call, after);
      const auto more = trimmer_.Step();
      inventory_.Heal();
      EXPECT_THAT(CopiedRootAt(inventory_, kSigner, leaves_.size()), IsOk());
      if (more.ok()) break;
      EXPECT_TRUE(absl::IsUnavailable(more.status()));
    }
    EXPECT_EQ(First(), 3u * kGroup);
  }
}

TEST_F(FeedTrimmerTest, WithNothingKeptThereIsNothingToDrop) {
  EXPECT_EQ(Trim(), 1);
}

}  // namespace
}  // namespace chancery::refresher
