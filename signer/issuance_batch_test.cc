#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "signer/issuance.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using testing::OpenSslCsr;
using testing::SignerWorld;
using ::testing::SizeIs;

IssueRequest Ask(const std::string& id,
                 const std::string& csr = SignerWorld::Csr()) {
  return {.asker = SignerWorld::Ask(id),
          .issuer = "issuing",
          .profile = "server",
          .csr = csr};
}

testing::TestPki::Options LargeBlocks() {
  testing::TestPki::Options options;
  options.block_capacity = 4096;
  return options;
}

std::vector<IssueRequest> AskFor(size_t count, const std::string& prefix = "") {
  std::vector<IssueRequest> requests;
  for (size_t i = 0; i < count; ++i) {
    requests.push_back(Ask(absl::StrCat(prefix, i)));
  }
  return requests;
}

TEST(IssuanceBatchTest, ManyShareOneManifestAndAreGoodForOpenSsl) {
  SignerWorld world(LargeBlocks());
  const uint64_t before = world.signer.ledger().Head().size;
  const IssuedBatch batch = world.signer.issuance().IssueBatch(AskFor(50));
  ASSERT_THAT(batch.results, SizeIs(50));
  // One entry for each, and one manifest.
  EXPECT_EQ(world.signer.ledger().Head().size, before + 51);
  ASSERT_THAT(batch.updates, SizeIs(1));
  ASSERT_THAT(world.reader.Take(batch.updates), IsOk());
  std::set<std::string> serials;
  for (const auto& issued : batch.results) {
    ASSERT_THAT(issued, IsOk());
    EXPECT_FALSE(issued->repeated);
    EXPECT_FALSE(issued->chain.empty());
    serials.insert(issued->serial);
  }
  EXPECT_THAT(serials, SizeIs(50));
  for (const size_t i : {0, 17, 49}) {
    EXPECT_TRUE(world.openssl.VerifiesCertificate(batch.results[i]->certificate,
                                                  world.now()));
    EXPECT_EQ(world.Answer(batch.results[i]->serial).status, "good");
  }
  // The next batch is a delta to what this one made.
  const IssuedBatch next =
      world.signer.issuance().IssueBatch(AskFor(3, "next "));
  ASSERT_THAT(next.updates, SizeIs(1));
  EXPECT_EQ(next.updates[0].base_version, batch.updates[0].version);
  ASSERT_THAT(world.reader.Take(next.updates), IsOk());
  EXPECT_EQ(world.Answer(next.results[2]->serial).status, "good");
}

TEST(IssuanceBatchTest, AnErrorIsOfOneRequestAndLeavesNothing) {
  SignerWorld world(LargeBlocks());
  std::vector<IssueRequest> requests = AskFor(5);
  requests[1].csr.resize(requests[1].csr.size() - 1);
  requests[2].profile = "another";
  requests[3].issuer = "another";
  const uint64_t before = world.signer.ledger().Head().size;
  const IssuedBatch batch = world.signer.issuance().IssueBatch(requests);
  EXPECT_EQ(world.signer.ledger().Head().size, before + 3);
  EXPECT_THAT(batch.results[0], IsOk());
  EXPECT_THAT(batch.results[1],
              StatusIs(absl::StatusCode::kInvalidArgument, ""));
  EXPECT_THAT(batch.results[2],
              StatusIs(absl::StatusCode::kNotFound, "\"another\""));
  EXPECT_THAT(batch.results[3], StatusIs(absl::StatusCode::kNotFound, ""));
  EXPECT_THAT(batch.results[4], IsOk());
}

// TRUST 3: "a repeated (client, request id) gets those bytes, the same id with
// another request is refused": also within one batch.
TEST(IssuanceBatchTest, ARequestIdIsOneRequest) {
  SignerWorld world(LargeBlocks());
  std::vector<IssueRequest> requests = AskFor(4);
  requests[1] = requests[0];
  requests[2] = Ask("0", OpenSslCsr("www.example.com"));
  const IssuedBatch batch = world.signer.issuance().IssueBatch(requests);
  ASSERT_THAT(batch.results[0], IsOk());
  ASSERT_THAT(batch.results[1], IsOk());
  EXPECT_FALSE(batch.results[0]->repeated);
  EXPECT_TRUE(batch.results[1]->repeated);
  EXPECT_EQ(batch.results[1]->certificate, batch.results[0]->certificate);
  EXPECT_THAT(batch.results[2],
              StatusIs(absl::StatusCode::kAlreadyExists, "\"0\""));
  ASSERT_THAT(batch.results[3], IsOk());

  // All again: the same, and the block as it is for whoever missed it.
  const uint64_t before = world.signer.ledger().Head().size;
  const IssuedBatch again = world.signer.issuance().IssueBatch(requests);
  EXPECT_EQ(world.signer.ledger().Head().size, before);
  for (const size_t i : {0, 1, 3}) {
    ASSERT_THAT(again.results[i], IsOk());
    EXPECT_TRUE(again.results[i]->repeated);
    EXPECT_EQ(again.results[i]->certificate, batch.results[i]->certificate);
  }
  EXPECT_THAT(again.updates, SizeIs(1));
  ASSERT_THAT(world.reader.Take(again.updates), IsOk());
  EXPECT_EQ(world.Answer(batch.results[3]->serial).status, "good");
}

TEST(IssuanceBatchTest, MoreThanADeltaCarriesIsRefused) {
  SignerWorld world(LargeBlocks());
  const uint64_t before = world.signer.ledger().Head().size;
  const IssuedBatch batch = world.signer.issuance().IssueBatch(AskFor(257));
  ASSERT_THAT(batch.results, SizeIs(257));
  EXPECT_THAT(batch.results[256],
              StatusIs(absl::StatusCode::kInvalidArgument, "257: at most 256"));
  EXPECT_EQ(world.signer.ledger().Head().size, before);
}

// What leaves is in the ledger: a power cut between two batches loses nothing.
TEST(IssuanceBatchTest, APowerCutLosesNothing) {
  SignerWorld world;  // Blocks of a few members each.
  const IssuedBatch batch = world.signer.issuance().IssueBatch(AskFor(20));
  EXPECT_GT(batch.updates.size(), 1u);
  ASSERT_THAT(world.PowerCut(), IsOk());
  const IssuedBatch again = world.signer.issuance().IssueBatch(AskFor(20));
  for (size_t i = 0; i < 20; ++i) {
    ASSERT_THAT(again.results[i], IsOk());
    EXPECT_EQ(again.results[i]->certificate, batch.results[i]->certificate);
  }
}

// However many come at once, no block has more unsigned records than a delta
// carries, so that none is signed whole for them.
TEST(IssuanceBatchTest, ManyBatchesAtOnceStayDeltas) {
  SignerWorld world(LargeBlocks());
  ASSERT_THAT(world.Issue("first"), IsOk());
  std::vector<IssuedBatch> batches(6);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < batches.size(); ++i) {
    callers.emplace_back([&, i] {
      batches[i] = world.signer.issuance().IssueBatch(
          AskFor(100, absl::StrCat("batch ", i, " ")));
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const IssuedBatch& batch : batches) {
    ASSERT_THAT(batch.results, SizeIs(100));
    for (const auto& issued : batch.results) ASSERT_THAT(issued, IsOk());
    for (const auto& update : batch.updates) EXPECT_NE(update.base_version, 0u);
  }
}

}  // namespace
}  // namespace chancery::signer
