// A refresher from its configuration to its end, with a signer and responders
// over mutual TLS.
#include "refresher/run.h"

#include <unistd.h>

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/refresher.pb.h"
#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "refresher/testing/fake_responder.h"
#include "refresher/testing/fake_signer.h"
#include "refresher/testing/responder_server.h"
#include "refresher/testing/signer_server.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"
#include "rpc/credentials.h"
#include "rpc/process.h"
#include "rpc/status.h"
#include "rpc/testing/service_ca.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRefresher[] = "spiffe://test/refresher/one";
constexpr char kSigner[] = "spiffe://test/signer/one";
constexpr char kResponder[] = "spiffe://test/responder/one";
constexpr char kClient[] = "spiffe://test/client/one";

// Short: a socket's path has at most 107 bytes.
std::string SocketFor(const std::string& role) {
  return "unix:/tmp/chancery-rf-" + std::to_string(getpid()) + "-" + role +
         ".sock";
}

// Made once, since OpenSSL takes a while.
struct Identities {
  rpc::testing::ServiceCa ca{"run"};
  const config::TlsIdentity refresher = ca.Issue(kRefresher);
  const rpc::Credentials signer = *rpc::Credentials::Load(ca.Issue(kSigner));
  const rpc::Credentials responder =
      *rpc::Credentials::Load(ca.Issue(kResponder));
  const rpc::Credentials client = *rpc::Credentials::Load(ca.Issue(kClient));
};
const Identities& All() {
  static const Identities all;
  return all;
}

config::Refresher FullConfig() {
  config::Refresher config;
  *config.mutable_identity() = All().refresher;
  config.mutable_listen()->add_address(SocketFor("refresher"));
  auto* grant = config.add_grant();
  grant->set_uri(kClient);
  grant->add_role(config::ROLE_PUBLISH);
  grant->add_role(config::ROLE_READ);
  config.mutable_inventory()->set_sqlite_file(crypto::testing::TempPath(
      std::string(
          ::testing::UnitTest::GetInstance()->current_test_info()->name()) +
      ".db"));
  config.mutable_signer()->set_address(SocketFor("signer"));
  config.mutable_signer()->set_expected_uri(kSigner);
  for (const std::string name : {"a", "b"}) {
    auto* responder = config.add_responder();
    responder->set_name(name);
    responder->mutable_target()->set_address(SocketFor(name));
    responder->mutable_target()->set_expected_uri(kResponder);
  }
  config.set_name("one");
  config.set_follow_interval_ms(10);
  config.set_converge_interval_ms(10);
  config.set_crl_delay_seconds(1);
  return config;
}

// Whether `condition` holds within a minute.
bool Comes(const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

class RunTest : public ::testing::Test {
 protected:
  ~RunTest() override { Stop(); }

  // Returns when it serves.
  void Start() {
    running_ =
        std::thread([this] { ended_ = refresher::Run(config_, process_); });
    EXPECT_TRUE(Comes([&] { return GetCluster().ok(); }));
  }
  // Afterwards its log may be read.
  void Stop() {
    process_.RequestStop();
    if (running_.joinable()) running_.join();
  }
  void StartSigner() {
    signer_server_ = std::make_unique<testing::SignerServer>(
        signer_, SocketFor("signer"), All().signer);
  }
  void StartResponders() {
    for (int i = 0; i < 2; ++i) StartResponder(i);
  }
  void StartResponder(int i) {
    responder_servers_[i] = std::make_unique<testing::ResponderServer>(
        responders_[i], SocketFor(i == 0 ? "a" : "b"), All().responder);
  }
  bool AllHave(const std::string& block) const {
    for (const auto& responder : responders_) {
      if (responder.Content(block) != signer_.Content(block)) return false;
    }
    return true;
  }
  bool AllReady() {
    const auto cluster = GetCluster();
    if (!cluster.ok()) return false;
    for (const v1::ResponderState& state : cluster->responders()) {
      if (!state.reachable() || !state.ready()) return false;
    }
    return true;
  }

  std::unique_ptr<v1::PublishService::Stub> Stub() {
    config::Target target;
    target.set_address(SocketFor("refresher"));
    target.set_expected_uri(kRefresher);
    return v1::PublishService::NewStub(
        *rpc::MakeChannel("refresher", target, All().client));
  }
  absl::StatusOr<v1::GetClusterResponse> GetCluster() {
    v1::GetClusterResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(60));
    const grpc::Status status = Stub()->GetCluster(&context, {}, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  testing::FakeSigner signer_{base::SystemClock()};
  testing::FakeResponder responders_[2];
  std::unique_ptr<testing::SignerServer> signer_server_;
  std::unique_ptr<testing::ResponderServer> responder_servers_[2];
  std::ostringstream lines_;
  const rpc::Log log_{{}, base::SystemClock(), lines_};
  rpc::Process process_{base::SystemClock(), log_};
  config::Refresher config_ = FullConfig();
  absl::Status ended_ = absl::UnknownError("still running");

 private:
  std::thread running_;
};

TEST_F(RunTest, FillsAllRespondersFromTheSignersLedger) {
  const std::string first = signer_.AddBlock(2);
  const std::string second = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  Start();
  ASSERT_TRUE(Comes([&] { return AllHave(first) && AllHave(second); }));
  ASSERT_TRUE(Comes([&] { return AllReady(); }));
  ASSERT_TRUE(Comes([&] { return responders_[1].crls().size() == 1; }));
  // The CRLs' entries too.
  ASSERT_TRUE(Comes([&] {
    return GetCluster()->ledger_size_followed() == signer_.ledger_size();
  }));
  const auto cluster = GetCluster();
  ASSERT_THAT(cluster, IsOk());
  EXPECT_EQ(cluster->blocks(), 2u);
  EXPECT_GT(cluster->oldest_refresh_at_seconds(),
            absl::ToUnixSeconds(absl::Now()));
  ASSERT_EQ(cluster->responders_size(), 2);
  EXPECT_EQ(cluster->responders(0).name(), "a");
  EXPECT_EQ(cluster->responders(0).address(), SocketFor("a"));
  EXPECT_EQ(cluster->responders(0).blocks(), 2u);
}

TEST_F(RunTest, StartsBeforeEverybodyElse) {
  Start();
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  EXPECT_TRUE(Comes([&] { return AllHave(block) && AllReady(); }));
}

TEST_F(RunTest, WhatIsPublishedIsAtAllRespondersWhenItIsAnswered) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  Start();
  ASSERT_TRUE(Comes([&] { return AllHave(block) && AllReady(); }));
  v1::PublishRequest request;
  request.set_wait_ms(10'000);
  rpc::ToProto(signer_.Revoke(block, 0), request.add_updates());
  v1::PublishResponse response;
  grpc::ClientContext context;
  rpc::SetTimeout(context, absl::Seconds(60));
  ASSERT_THAT(rpc::FromGrpc(Stub()->Publish(&context, request, &response)),
              IsOk());
  EXPECT_EQ(response.acknowledged(), 2u);
  EXPECT_EQ(response.total(), 2u);
  EXPECT_TRUE(AllHave(block));
}

TEST_F(RunTest, WhatNobodyPublishedArrivesWithTheLedger) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  Start();
  ASSERT_TRUE(Comes([&] { return AllHave(block) && AllReady(); }));
  signer_.Revoke(block, 0);
  EXPECT_TRUE(Comes([&] { return AllHave(block); }));
  // And is in a CRL soon.
  EXPECT_TRUE(Comes([&] {
    const auto crls = responders_[0].crls();
    return !crls.empty() && crls.begin()->second >= 2;
  }));
}

TEST_F(RunTest, ResponderThatLosesEverythingIsFilledAgain) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  Start();
  ASSERT_TRUE(Comes([&] { return AllHave(block) && AllReady(); }));
  responder_servers_[0] = nullptr;
  signer_.Revoke(block, 0);
  EXPECT_TRUE(Comes(
      [&] { return responders_[1].Content(block) == signer_.Content(block); }));
  EXPECT_TRUE(Comes([&] { return !GetCluster()->responders(0).reachable(); }));
  responders_[0].ForgetEverything();
  StartResponder(0);
  EXPECT_TRUE(Comes([&] { return AllHave(block) && AllReady(); }));
}

TEST_F(RunTest, ShowsWhatItDoesAsMetrics) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  Start();
  for (const char* line :
       {"chancery_refresher_crls_signed 1\n",
        "chancery_refresher_responder_caught_up{responder=\"a\"} 1\n",
        "chancery_refresher_responder_ready{responder=\"b\"} 1\n",
        "chancery_refresher_responder_blocks_behind{responder=\"b\"} 0\n",
        "chancery_refresher_blocks_signed 0\n"}) {
    EXPECT_TRUE(Comes([&] {
      return absl::StrContains(process_.metrics().Text(), line);
    })) << line;
  }
}

TEST_F(RunTest, StopsWhenAskedAndLeavesNoSocket) {
  Start();
  Stop();
  EXPECT_THAT(ended_, IsOk());
  const std::string path = SocketFor("refresher").substr(5);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_THAT(lines_.str(), HasSubstr(" serving responders=2"));
}

TEST_F(RunTest, ADaemonMustKnowWhereToListen) {
  config_.clear_listen();
  EXPECT_THAT(
      refresher::Run(config_, process_),
      StatusIs(absl::StatusCode::kInvalidArgument, "field `listen.address`"));
}

TEST_F(RunTest, SaysWhichFileOfItsIdentityIsMissing) {
  config_.mutable_identity()->set_key_file("/nowhere/key");
  const absl::Status status = refresher::Run(config_, process_);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/key"));
}

class RunOnceTest : public RunTest {
 protected:
  RunOnceTest() { config_.clear_listen(); }
  // Each as a process of its own.
  absl::Status Once() {
    rpc::Process process(base::SystemClock(), log_, {"once"});
    return refresher::Run(config_, process);
  }
};

TEST_F(RunOnceTest, LeavesAllRespondersFresh) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponders();
  ASSERT_THAT(Once(), IsOk()) << lines_.str();
  EXPECT_TRUE(AllHave(block));
  for (const auto& responder : responders_) {
    EXPECT_THAT(responder.crls(), SizeIs(1));
    EXPECT_THAT(responder.heads(), SizeIs(1));
  }
  EXPECT_THAT(lines_.str(), HasSubstr(" progress stage=responders"));
}

TEST_F(RunOnceTest, FailsWithoutTheSigner) {
  StartResponders();
  EXPECT_THAT(Once(), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(responders_[0].heads(), IsEmpty());
}

TEST_F(RunOnceTest, FailsWithoutAResponderAndFillsTheOther) {
  const std::string block = signer_.AddBlock(1);
  StartSigner();
  StartResponder(1);
  EXPECT_THAT(Once(),
              StatusIs(absl::StatusCode::kUnavailable, "responder \"a\""));
  EXPECT_EQ(responders_[1].Content(block), signer_.Content(block));
}

}  // namespace
}  // namespace chancery::refresher
