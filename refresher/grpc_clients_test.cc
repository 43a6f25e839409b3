// What a refresher says to signer and responders, and hears, over mutual TLS.
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "refresher/grpc_responder_client.h"
#include "refresher/grpc_signer_client.h"
#include "refresher/testing/fake_responder.h"
#include "refresher/testing/fake_signer.h"
#include "refresher/testing/responder_server.h"
#include "refresher/testing/signer_server.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/testing/service_ca.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kServer[] = "spiffe://test/server/one";
constexpr absl::Duration kLong = absl::Seconds(60);

struct Identities {
  rpc::testing::ServiceCa ca{"clients"};
  const rpc::Credentials server = *rpc::Credentials::Load(ca.Issue(kServer));
  const rpc::Credentials client =
      *rpc::Credentials::Load(ca.Issue("spiffe://test/refresher/one"));
};

// Made once, since OpenSSL takes a while.
const Identities& All() {
  static const Identities all;
  return all;
}

class GrpcTest : public ::testing::Test {
 protected:
  std::shared_ptr<grpc::Channel> Channel() {
    config::Target target;
    target.set_address(address_);
    target.set_expected_uri(kServer);
    return *rpc::MakeChannel("server", target, All().client,
                             {.max_message_bytes = 64 << 20});
  }

  // Short: a socket's path has at most 107 bytes.
  const std::string address_ =
      "unix:/tmp/chancery-refresher-" + std::to_string(getpid()) + ".sock";
  const base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  testing::FakeSigner signer_{clock_};
};

class GrpcSignerClientTest : public GrpcTest {
 protected:
  testing::SignerServer server_{signer_, address_, All().server};
  const std::unique_ptr<SignerClient> client_ =
      MakeGrpcSignerClient(Channel(), kLong);
};

void ExpectSame(const SignedUpdates& a, const SignedUpdates& b) {
  EXPECT_EQ(a.refresh_at, b.refresh_at);
  ASSERT_EQ(a.updates.size(), b.updates.size());
  for (size_t i = 0; i < a.updates.size(); ++i) {
    EXPECT_EQ(a.updates[i].block_id, b.updates[i].block_id);
    EXPECT_EQ(a.updates[i].version, b.updates[i].version);
    EXPECT_EQ(a.updates[i].base_version, b.updates[i].base_version);
    EXPECT_EQ(a.updates[i].content, b.updates[i].content);
    EXPECT_EQ(a.updates[i].templates, b.updates[i].templates);
  }
}

TEST_F(GrpcSignerClientTest, BlocksAndDeltasArriveWhole) {
  const std::string block = signer_.AddBlock(2);
  const uint64_t before = signer_.Version(block);
  const auto whole = client_->GetBlock(block, 0);
  ASSERT_THAT(whole, IsOk());
  ExpectSame(*whole, *signer_.GetBlock(block, 0));
  signer_.Revoke(block, 0);
  signer_.Issue(block);
  const auto deltas = client_->GetBlock(block, before);
  ASSERT_THAT(deltas, IsOk());
  EXPECT_THAT(deltas->updates, SizeIs(2));
  ExpectSame(*deltas, *signer_.GetBlock(block, before));
  EXPECT_THAT(client_->GetBlock(block, signer_.Version(block))->updates,
              IsEmpty());

  const auto made = client_->SignBlock(block);
  ASSERT_THAT(made, IsOk());
  ExpectSame(*made, *signer_.GetBlock(block, 0));
}

TEST_F(GrpcSignerClientTest, ListsAreWhole) {
  signer_.SetCrlShards(3);
  const std::string block = signer_.AddBlock(2);
  signer_.AddBlock(1);
  const auto blocks = client_->ListBlocks();
  ASSERT_THAT(blocks, IsOk());
  ASSERT_THAT(*blocks, SizeIs(2));
  const ListedBlock& first = (*blocks)[0];
  EXPECT_EQ(first.block_id, block);
  EXPECT_EQ(first.issuer_id, signer_.issuer().issuer_id);
  EXPECT_EQ(first.version, signer_.Version(block));
  EXPECT_EQ(first.refresh_at, clock_.Now() + absl::Hours(48));

  const auto issuers = client_->ListIssuers();
  ASSERT_THAT(issuers, IsOk());
  ASSERT_THAT(*issuers, SizeIs(1));
  const ListedIssuer& issuer = (*issuers)[0];
  EXPECT_EQ(issuer.name, "issuing");
  EXPECT_EQ(issuer.issuer_id, signer_.issuer().issuer_id);
  EXPECT_EQ(issuer.certificate, signer_.issuer().certificate);
  EXPECT_EQ(issuer.chain, signer_.issuer().chain);
  EXPECT_THAT(issuer.profiles, ElementsAre("server"));
  EXPECT_EQ(issuer.crl_shards, 3u);
}

TEST_F(GrpcSignerClientTest, EntriesArriveFromTheAskedIndex) {
  signer_.AddBlock(4);
  signer_.SetPageSize(2);
  const auto page = client_->ReadEntries(1, absl::ZeroDuration());
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->entries,
            signer_.ReadEntries(1, absl::ZeroDuration())->entries);
  EXPECT_EQ(page->ledger_size, 5u);
}

// To its end, or to an error.
absl::StatusOr<std::string> All(CrlDownload& download) {
  std::string der;
  while (true) {
    auto piece = download.Next();
    if (!piece.ok()) return piece.status();
    if (!piece->has_value()) return der;
    der += **piece;
  }
}

TEST_F(GrpcSignerClientTest, ACrlComesInPieces) {
  signer_.AddBlock(1);
  const auto crl = client_->SignCrl({.issuer = "issuing"});
  ASSERT_THAT(crl, IsOk());
  const SignedCrl& facts = (*crl)->facts();
  EXPECT_EQ(facts.issuer_id, signer_.issuer().issuer_id);
  EXPECT_EQ(facts.number, 1u);
  EXPECT_EQ(facts.this_update, clock_.Now());
  EXPECT_EQ(facts.next_update, clock_.Now() + absl::Hours(24 * 9));
  EXPECT_EQ(facts.refresh_at, clock_.Now() + absl::Hours(12 * 9));
  EXPECT_EQ(facts.ledger_size, 2u);
  EXPECT_EQ(facts.size, 7u);
  EXPECT_EQ(*All(**crl), "CRL 0 1");
  const auto delta = client_->SignCrl({.issuer = "issuing", .is_delta = true});
  ASSERT_THAT(delta, IsOk());
  EXPECT_EQ((*delta)->facts().base_number, 1u);
  EXPECT_EQ(*All(**delta), "delta 0 2");
  const auto again = client_->SignCrl({.issuer = "issuing", .have_number = 0});
  EXPECT_EQ((*again)->facts().number, 1u);
}

TEST_F(GrpcSignerClientTest, ACrlThatEndsEarlyIsNone) {
  server_.CutCrlsShort();
  const auto crl = client_->SignCrl({.issuer = "issuing"});
  ASSERT_THAT(crl, IsOk());
  EXPECT_THAT(All(**crl), StatusIs(absl::StatusCode::kDataLoss, "incomplete"));
}

TEST_F(GrpcSignerClientTest, WhoWantsNoMoreLetsTheSignerGo) {
  ASSERT_THAT(client_->SignCrl({.issuer = "issuing"}), IsOk());
  EXPECT_THAT(client_->ListIssuers(), IsOk());
}

TEST_F(GrpcSignerClientTest, RefusalsArriveWithTheirWords) {
  const std::string none(16, 'x');
  EXPECT_THAT(client_->SignBlock(none),
              StatusIs(absl::StatusCode::kNotFound, "block"));
  EXPECT_THAT(client_->GetBlock(none, 0),
              StatusIs(absl::StatusCode::kNotFound, "block"));
  EXPECT_THAT(client_->SignCrl({.issuer = "nobody"}),
              StatusIs(absl::StatusCode::kNotFound, "issuer"));
  signer_.Fail("", absl::UnavailableError("stopping"));
  EXPECT_THAT(client_->ListBlocks(),
              StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(client_->ReadEntries(0, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(client_->ListIssuers(),
              StatusIs(absl::StatusCode::kUnavailable, "stopping"));
}

class GrpcResponderClientTest : public GrpcTest {
 protected:
  testing::FakeResponder responder_;
  testing::ResponderServer server_{responder_, address_, All().server};
  const std::unique_ptr<ResponderClient> client_ =
      MakeGrpcResponderClient(Channel(), kLong);
};

TEST_F(GrpcSignerClientTest, GetsHeads) {
  signer_.AddBlock(3);
  const auto first = client_->GetHead(absl::InfinitePast(), absl::Seconds(1));
  ASSERT_THAT(first, IsOk());
  ASSERT_TRUE(first->has_value());
  const auto head = block::HeadOf(base::AsBytes((*first)->head));
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->ledger_size, signer_.ledger_size());
  EXPECT_EQ(head->index_hash, crypto::Sha256(base::AsBytes((*first)->index)));
  // No later one.
  const auto second =
      client_->GetHead(head->time + absl::Hours(1), absl::ZeroDuration());
  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(second->has_value());
}

storage::CrlRow Row(uint32_t shard, uint64_t number, const std::string& der) {
  return {.issuer_id = "issuer",
          .shard = shard,
          .number = number,
          .size = der.size()};
}

TEST_F(GrpcResponderClientTest, UpdatesArriveAndResultsComeBack) {
  const std::string block = signer_.AddBlock(2);
  std::vector<block::Update> updates = signer_.GetBlock(block, 0)->updates;
  updates.push_back(signer_.Revoke(block, 1));
  const auto results = client_->Apply(updates);
  ASSERT_THAT(results, IsOk());
  ASSERT_THAT(*results, SizeIs(2));
  EXPECT_EQ((*results)[0].version, updates[0].version);
  EXPECT_TRUE((*results)[1].accepted);
  EXPECT_EQ((*results)[1].version, updates[1].version);
  EXPECT_EQ(responder_.Content(block), signer_.Content(block));

  signer_.Revoke(block, 0);
  const auto refused = client_->Apply({signer_.Revoke(block, 0)});
  ASSERT_THAT(refused, IsOk());
  EXPECT_FALSE((*refused)[0].accepted);
  EXPECT_EQ((*refused)[0].version, updates[1].version);
  EXPECT_NE((*refused)[0].detail, "");
  EXPECT_THAT(*client_->Apply({}), IsEmpty());
}

TEST_F(GrpcResponderClientTest, ManyUpdatesGoInMessagesOfTwoMegabytes) {
  block::Update large = signer_.GetBlock(signer_.AddBlock(1), 0)->updates[0];
  large.content.resize(1 << 20);  // No block any more; that does not matter.
  const auto results = client_->Apply({large, large, large, large, large});
  ASSERT_THAT(results, IsOk());
  EXPECT_THAT(*results, SizeIs(5));
  EXPECT_EQ(responder_.calls("Apply"), 3);
  EXPECT_EQ(responder_.largest_batch(), size_t{2 << 20});
  // One that is larger than that goes alone.
  large.content.resize(3 << 20);
  EXPECT_THAT(*client_->Apply({large, large}), SizeIs(2));
  EXPECT_EQ(responder_.calls("Apply"), 5);
}

TEST_F(GrpcResponderClientTest, AMissingResultIsNotTakenForSuccess) {
  const std::string block = signer_.AddBlock(1);
  server_.DropResults();
  EXPECT_THAT(client_->Apply(signer_.GetBlock(block, 0)->updates),
              StatusIs(absl::StatusCode::kInternal, "another number"));
}

TEST_F(GrpcResponderClientTest, VersionsOfManyMessagesAreAdded) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 3; ++i) {
    blocks.push_back(signer_.AddBlock(1));
    ASSERT_THAT(client_->Apply(signer_.GetBlock(blocks[i], 0)->updates),
                IsOk());
  }
  ASSERT_THAT(client_->PutCrl(Row(2, 8, "CRL"), storage::OnePiece("CRL")),
              IsOk());
  ASSERT_THAT(client_->PutCrl(Row(3, 9, "CRL"), storage::OnePiece("CRL")),
              IsOk());
  const auto held = client_->GetVersions();
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->blocks, responder_.GetVersions()->blocks);
  EXPECT_THAT(held->blocks, SizeIs(3));
  EXPECT_EQ(held->crls, responder_.crls());
}

TEST_F(GrpcResponderClientTest, ALargeCrlArrivesWhole) {
  std::string der;
  for (int i = 0; der.size() < (5u << 20); ++i) der += std::to_string(i);
  EXPECT_EQ(*client_->PutCrl(Row(0, 7, der), storage::OnePiece(der)), 7u);
  EXPECT_EQ(server_.last_crl(), der);
  // It says what it has.
  EXPECT_EQ(*client_->PutCrl(Row(0, 6, "older"), storage::OnePiece("older")),
            7u);
  const auto breaks = []() -> absl::StatusOr<std::optional<std::string>> {
    return absl::AbortedError("a newer one came");
  };
  EXPECT_THAT(client_->PutCrl(Row(0, 8, der), breaks),
              StatusIs(absl::StatusCode::kAborted, "newer"));
  EXPECT_EQ(responder_.crls().begin()->second, 7u);
  responder_.RefuseCrls(true);
  EXPECT_THAT(client_->PutCrl(Row(0, 8, der), storage::OnePiece(der)),
              StatusIs(absl::StatusCode::kInvalidArgument, "bad signature"));
}

TEST_F(GrpcResponderClientTest, MeetsAHeadAndIsDescribed) {
  const std::string block = signer_.AddBlock(3);
  ASSERT_THAT(client_->Apply(signer_.GetBlock(block, 0)->updates), IsOk());
  ASSERT_THAT(client_->PutCrl(Row(0, 7, "CRL"), storage::OnePiece("CRL")),
              IsOk());
  EXPECT_FALSE(client_->GetStatus()->head.ready);
  EXPECT_EQ(client_->GetStatus()->head.met, absl::InfinitePast());
  const block::SignedHead head =
      **signer_.GetHead(absl::InfinitePast(), absl::ZeroDuration());
  const auto standing = client_->PutHead(head);
  ASSERT_THAT(standing, IsOk());
  const absl::Time time = block::HeadOf(base::AsBytes(head.head))->time;
  EXPECT_EQ(standing->met, time);
  EXPECT_EQ(standing->reflected_size, signer_.ledger_size());
  EXPECT_EQ(standing->blocks_behind, 0u);
  EXPECT_TRUE(standing->ready);
  const auto status = client_->GetStatus();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->blocks, 1u);
  EXPECT_EQ(status->certificates, 3u);
  EXPECT_EQ(status->newest_version, signer_.Version(block));
  EXPECT_EQ(status->crls, 1u);
  EXPECT_TRUE(status->head.ready);
  EXPECT_EQ(status->head.met, time);
  EXPECT_EQ(status->head.reflected_size, signer_.ledger_size());
  EXPECT_EQ(status->http_address, "127.0.0.1:80");
  EXPECT_EQ(status->version, "test");
}

TEST_F(GrpcResponderClientTest, EndsACallThatHangs) {
  const auto impatient =
      MakeGrpcResponderClient(Channel(), absl::Milliseconds(100));
  responder_.HoldApply();
  const block::Update update =
      signer_.GetBlock(signer_.AddBlock(1), 0)->updates[0];
  EXPECT_EQ(impatient->Apply({update}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  responder_.LetApplyGo();
}

TEST_F(GrpcResponderClientTest, ALargeCrlHasMoreTime) {
  const auto impatient =
      MakeGrpcResponderClient(Channel(), absl::ZeroDuration());
  EXPECT_EQ(impatient->PutCrl(Row(0, 7, "CRL"), storage::OnePiece("CRL"))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  const std::string der(20 << 20, 'x');
  EXPECT_EQ(*impatient->PutCrl(Row(0, 7, der), storage::OnePiece(der)), 7u);
}

TEST_F(GrpcResponderClientTest, OneThatIsNotThereIsUnavailable) {
  config::Target target;
  target.set_address("unix:/tmp/chancery-nobody.sock");
  target.set_expected_uri(kServer);
  const auto client = MakeGrpcResponderClient(
      *rpc::MakeChannel("server", target, All().client), kLong);
  EXPECT_EQ(client->GetVersions().status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->PutCrl(Row(0, 1, "CRL"), storage::OnePiece("CRL"))
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(GrpcResponderClientTest, OneThatIsSomebodyElseIsUnavailable) {
  config::Target target;
  target.set_address(address_);
  target.set_expected_uri("spiffe://test/server/two");
  const auto client = MakeGrpcResponderClient(
      *rpc::MakeChannel("server", target, All().client), kLong);
  EXPECT_EQ(client->GetVersions().status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chancery::refresher
