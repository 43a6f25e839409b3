// Over mutual TLS, as authorities and operators see it.
#include "refresher/publish_service.h"

#include <unistd.h>

#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "refresher/testing/refresher_fixture.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"
#include "rpc/credentials.h"
#include "rpc/metrics.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/status.h"
#include "rpc/testing/service_ca.h"
#include "rpc/worker_pool.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kServer[] = "spiffe://test/refresher/one";
constexpr char kPublishes[] = "spiffe://test/authority/one";
constexpr char kReads[] = "spiffe://test/cli/one";
constexpr char kMayNothing[] = "spiffe://test/cli/two";

// Made once, since OpenSSL takes a while.
const rpc::Credentials& CredentialsOf(const std::string& uri) {
  static rpc::testing::ServiceCa ca("refresher");
  static std::map<std::string, rpc::Credentials> made;
  const auto found = made.find(uri);
  if (found != made.end()) return found->second;
  return made.emplace(uri, *rpc::Credentials::Load(ca.Issue(uri)))
      .first->second;
}

rpc::RoleTable Roles() {
  google::protobuf::RepeatedPtrField<config::Grant> grants;
  grants.Add()->set_uri(kPublishes);
  grants[0].add_role(config::ROLE_PUBLISH);
  grants.Add()->set_uri(kReads);
  grants[1].add_role(config::ROLE_READ);
  return *rpc::RoleTable::Create(grants);
}

class PublishServiceTest : public testing::RefresherFixture {
 protected:
  PublishServiceTest() {
    rpc::ServerOptions options;
    options.addresses = {address_};
    options.services = {&service_};
    auto server =
        rpc::Server::Start(options, CredentialsOf(kServer), metrics_, log_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  std::unique_ptr<v1::PublishService::Stub> Stub(const std::string& uri) {
    config::Target target;
    target.set_address(address_);
    target.set_expected_uri(kServer);
    return v1::PublishService::NewStub(
        *rpc::MakeChannel("refresher", target, CredentialsOf(uri)));
  }
  absl::StatusOr<v1::PublishResponse> Publish(
      const v1::PublishRequest& request, const std::string& uri = kPublishes) {
    v1::PublishResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(60));
    const grpc::Status status =
        Stub(uri)->Publish(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }
  absl::StatusOr<v1::GetClusterResponse> GetCluster(
      const std::string& uri = kReads) {
    v1::GetClusterResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(60));
    const grpc::Status status = Stub(uri)->GetCluster(&context, {}, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  // Short: a socket's path has at most 107 bytes.
  const std::string address_ =
      "unix:/tmp/chancery-publish-" + std::to_string(getpid()) + ".sock";
  absl::StatusOr<ClusterState> cluster_ = ClusterState();
  Publisher publisher_{keeper_, sink_};
  rpc::Metrics metrics_;
  rpc::WorkerPool pool_{4};
  const rpc::RoleTable roles_ = Roles();
  const rpc::Dispatcher dispatcher_{pool_, roles_, log_};
  PublishService service_{publisher_, [this] { return cluster_; }, dispatcher_};
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(PublishServiceTest, UpdatesArriveWhole) {
  const std::string block = signer_.AddBlock(2);
  v1::PublishRequest request;
  request.set_wait_ms(10'000);
  rpc::ToProto(signer_.GetBlock(block, 0)->updates, request.mutable_updates());
  const block::Update delta = signer_.Issue(block);
  rpc::ToProto(delta, request.add_updates());
  const auto response = Publish(request);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->acknowledged(), 1u);
  EXPECT_EQ(response->total(), 2u);
  EXPECT_EQ(InventoryVersion(block), delta.version);
  base::MutexLock lock(sink_.mu);
  EXPECT_EQ(sink_.last_wait, absl::Seconds(10));
  ASSERT_THAT(sink_.offered, SizeIs(2));
  EXPECT_EQ(sink_.offered[1].base_version, delta.base_version);
  EXPECT_EQ(sink_.offered[1].content, delta.content);
  EXPECT_EQ(sink_.offered[1].templates, delta.templates);
}

TEST_F(PublishServiceTest, EachCallNeedsItsRole) {
  for (const char* uri : {kReads, kMayNothing}) {
    EXPECT_THAT(Publish({}, uri),
                StatusIs(absl::StatusCode::kPermissionDenied, "publish"));
  }
  for (const char* uri : {kPublishes, kMayNothing}) {
    EXPECT_THAT(GetCluster(uri),
                StatusIs(absl::StatusCode::kPermissionDenied, "read"));
  }
  EXPECT_THAT(Publish({}), IsOk());
  EXPECT_THAT(GetCluster(), IsOk());
}

TEST_F(PublishServiceTest, WaitsTenSecondsAtMost) {
  v1::PublishRequest request;
  request.set_wait_ms(10'001);
  EXPECT_THAT(Publish(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         "wait_ms: 10001: at most 10000"));
}

TEST_F(PublishServiceTest, TakesAThousandUpdatesAtMost) {
  v1::PublishRequest request;
  for (int i = 0; i < 1001; ++i) request.add_updates();
  EXPECT_THAT(Publish(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "updates: 1001 of them: at most 1000"));
  EXPECT_THAT(sink_.offered, IsEmpty());
}

TEST_F(PublishServiceTest, ADeltaWithoutABaseIsNotTakenForABlock) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  const uint64_t before = InventoryVersion(block);
  v1::PublishRequest request;
  rpc::ToProto(signer_.Issue(block), request.add_updates());
  request.mutable_updates(0)->clear_base_version();
  EXPECT_THAT(Publish(request),
              StatusIs(absl::StatusCode::kInvalidArgument, ""));
  EXPECT_EQ(InventoryVersion(block), before);
}

TEST_F(PublishServiceTest, TellsOfEveryResponder) {
  cluster_->now = clock_.Now();
  cluster_->blocks = 3;
  cluster_->oldest_refresh_at = clock_.Now() + absl::Hours(1);
  cluster_->ledger_size_followed = 77;
  cluster_->responders = {{.name = "one",
                           .address = "unix:/one",
                           .reachable = true,
                           .detail = "refused a block",
                           .blocks = 2,
                           .blocks_behind = 1,
                           .crls = 4,
                           .newest_version = 9,
                           .caught_up_at = clock_.Now() - absl::Seconds(65),
                           .head = {.met = clock_.Now() - absl::Seconds(7),
                                    .reflected_size = 70,
                                    .ready = true},
                           .http_address = "127.0.0.1:80",
                           .version = "1"},
                          {.name = "two"}};
  cluster_->block_times = {{.block_id = "block",
                            .version = 9,
                            .this_update = clock_.Now() - absl::Hours(24),
                            .next_update = clock_.Now() + absl::Hours(72),
                            .refresh_at = clock_.Now() + absl::Hours(24)}};
  const auto response = GetCluster();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->blocks(), 3u);
  EXPECT_EQ(response->oldest_refresh_at_seconds(),
            absl::ToUnixSeconds(clock_.Now()) + 3600);
  EXPECT_EQ(response->ledger_size_followed(), 77u);
  ASSERT_EQ(response->responders_size(), 2);
  const v1::ResponderState& one = response->responders(0);
  EXPECT_EQ(one.name(), "one");
  EXPECT_EQ(one.address(), "unix:/one");
  EXPECT_TRUE(one.reachable());
  EXPECT_EQ(one.detail(), "refused a block");
  EXPECT_EQ(one.blocks(), 2u);
  EXPECT_EQ(one.blocks_behind(), 1u);
  EXPECT_EQ(one.crls(), 4u);
  EXPECT_EQ(one.newest_version(), 9u);
  EXPECT_EQ(one.staleness_seconds(), 65);
  EXPECT_TRUE(one.ready());
  EXPECT_EQ(one.head_age_seconds(), 7);
  EXPECT_EQ(one.reflected_size(), 70u);
  EXPECT_EQ(one.http_address(), "127.0.0.1:80");
  EXPECT_EQ(one.version(), "1");
  EXPECT_EQ(one.freshness(),
            std::string(1, char(12)));  // A quarter has passed.
  EXPECT_EQ(response->responders(1).freshness(),
            std::string(1, char(200 + 12)));  // It has none.
  EXPECT_EQ(response->responders(1).staleness_seconds(), -1);
  EXPECT_EQ(response->responders(1).head_age_seconds(), -1);
  EXPECT_FALSE(response->responders(1).reachable());
}

TEST_F(PublishServiceTest, NothingToRefreshIsZero) {
  const auto response = GetCluster();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->oldest_refresh_at_seconds(), 0);
}

TEST_F(PublishServiceTest, SaysThatTheInventoryIsAway) {
  cluster_ = absl::UnavailableError("inventory is away");
  EXPECT_THAT(GetCluster(),
              StatusIs(absl::StatusCode::kUnavailable, "inventory is away"));
}

}  // namespace
}  // namespace chancery::refresher
