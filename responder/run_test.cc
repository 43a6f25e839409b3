#include "responder/run.h"

#include <unistd.h>

#include <sstream>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/key_set.h"
#include "chancery/config/responder.pb.h"
#include "chancery/responder/v1/replication.grpc.pb.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "gtest/gtest.h"
#include "responder/testing/http_client.h"
#include "rpc/client.h"
#include "rpc/status.h"
#include "rpc/testing/service_ca.h"
#include "x509/certificate/pem.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kServer[] = "spiffe://test/responder/one";
constexpr char kRefresher[] = "spiffe://test/refresher/one";

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    *config_.mutable_identity() = ca_.Issue(kServer);
    config_.mutable_listen()->add_address(socket_);
    auto* grant = config_.add_grant();
    grant->set_uri(kRefresher);
    grant->add_role(config::ROLE_PUSH);
    grant->add_role(config::ROLE_READ);
    config_.set_cache_dir(folder_ + "/cache");
    config_.set_key_set_file(folder_ + "/key-set");
    config_.set_key_set_root_file(folder_ + "/root.pem");
    config_.set_http_address("127.0.0.1:0");
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
    const std::string pem =
        x509::EncodePem("PUBLIC KEY", root_->public_key().spki());
    Write("/root.pem", pem);
    WriteKeySet(*root_);
  }

  void Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(
        base::WriteFileAtomically(folder_ + name, base::AsBytes(content)),
        IsOk());
  }
  void WriteKeySet(const crypto::SigningKey& root) {
    Write("/key-set",
          block::Sign(block::kKeySetType, block::KeySet().Encode(), root)
              ->Encode());
  }

  const std::string folder_ =
      ::testing::TempDir() + "/run-" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  // Short: a socket's path has at most 107 bytes.
  const std::string socket_ =
      "unix:/tmp/chancery-responder-" + std::to_string(getpid()) + ".sock";
  rpc::testing::ServiceCa ca_{"responder"};
  const std::unique_ptr<crypto::SoftwareKey> root_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  config::Responder config_;
  std::ostringstream lines_;
  const rpc::Log log_{{}, base::SystemClock(), lines_};
  rpc::Process process_{base::SystemClock(), log_};
};

TEST_F(RunTest, NamesTheFieldThatIsMissing) {
  EXPECT_THAT(CheckConfig(config_), IsOk());
  config_.clear_key_set_root_file();
  EXPECT_THAT(CheckConfig(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "key_set_root_file"));
}

TEST_F(RunTest, RefusesAnUnfitHandoverSocketOrTooMuchMemory) {
  const std::string fits = "/" + std::string(106, 's');
  config_.set_handover_socket(fits);
  EXPECT_THAT(CheckConfig(config_), IsOk());
  config_.set_handover_socket(fits + "s");
  EXPECT_THAT(CheckConfig(config_),
              StatusIs(absl::StatusCode::kInvalidArgument, "handover_socket"));
  config_.clear_handover_socket();
  config_.set_recent_answers_mb(65537);
  EXPECT_THAT(CheckConfig(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "recent_answers_mb"));
}

TEST_F(RunTest, RefusesAKeySetThatTheRootDidNotSign) {
  WriteKeySet(*crypto::GenerateKey({.type = crypto::KeyType::kEcP256}).value());
  EXPECT_THAT(responder::Run(config_, process_),
              StatusIs(absl::StatusCode::kPermissionDenied, "key-set"));
}

TEST_F(RunTest, IsReadyForThePublicOnceConfirmed) {
  absl::Status ended;
  std::thread running([&] { ended = responder::Run(config_, process_); });
  const auto credentials = *rpc::Credentials::Load(ca_.Issue(kRefresher));
  config::Target target;
  target.set_address(socket_);
  target.set_expected_uri(kServer);
  const auto stub = v1::ReplicationService::NewStub(
      *rpc::MakeChannel("responder", target, credentials));
  const auto in_time = [](grpc::ClientContext& context) {
    rpc::SetTimeout(context, absl::Seconds(20));
    context.set_wait_for_ready(true);
  };
  v1::GetStatusResponse status;
  {
    grpc::ClientContext context;
    in_time(context);
    EXPECT_THAT(rpc::FromGrpc(stub->GetStatus(&context, {}, &status)), IsOk());
  }
  EXPECT_FALSE(status.ready());
  const std::string port =
      status.http_address().substr(status.http_address().rfind(':') + 1);
  const auto readyz = [&] {
    testing::HttpClient client(std::stoi(port));
    client.Send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.Receive().status;
  };
  EXPECT_EQ(readyz(), 503);
  v1::ConfirmRequest confirm;
  confirm.set_valid_seconds(60);
  {
    grpc::ClientContext context;
    in_time(context);
    v1::ConfirmResponse response;
    EXPECT_THAT(rpc::FromGrpc(stub->Confirm(&context, confirm, &response)),
                IsOk());
  }
  EXPECT_EQ(readyz(), 200);
  process_.RequestStop();
  running.join();
  EXPECT_THAT(ended, IsOk());
  EXPECT_THAT(process_.metrics().Text(),
              HasSubstr("chancery_responder_answers_total"));
}

}  // namespace
}  // namespace chancery::responder
