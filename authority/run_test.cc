#include "authority/run.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "authority/testing/fake_signer.h"
#include "authority/testing/openssl_csr.h"
#include "authority/testing/refresher_server.h"
#include "authority/testing/signer_server.h"
#include "base/clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/authority/v1/issuers.grpc.pb.h"
#include "chancery/config/authority.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/status.h"
#include "rpc/testing/service_ca.h"
#include "rpc/testing/shared_text.h"
#include "storage/open_configured.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kAuthority[] = "spiffe://test/authority/one";
constexpr char kSigner[] = "spiffe://test/signer/one";
constexpr char kRefresher[] = "spiffe://test/refresher/one";
constexpr char kClient[] = "spiffe://test/client/one";

// Short: a socket's path has at most 107 bytes.
std::string SocketFor(const std::string& role) {
  return "unix:/tmp/chancery-run-" + std::to_string(getpid()) + "-" + role +
         ".sock";
}

config::Authority FullConfig() {
  config::Authority config;
  config.mutable_identity()->set_certificate_file("/certificate");
  config.mutable_identity()->set_key_file("/key");
  config.mutable_identity()->set_trust_file("/trust");
  config.mutable_listen()->add_address(SocketFor("authority"));
  auto* grant = config.add_grant();
  grant->set_uri(kClient);
  grant->add_role(config::ROLE_ISSUE);
  grant->add_role(config::ROLE_READ);
  config.mutable_admin()->set_address("127.0.0.1:0");
  config.mutable_inventory()->set_sqlite_file("/inventory");
  config.mutable_signer()->set_address(SocketFor("signer"));
  config.mutable_signer()->set_expected_uri(kSigner);
  config.mutable_refresher()->set_address(SocketFor("refresher"));
  config.mutable_refresher()->set_expected_uri(kRefresher);
  return config;
}

struct Mistake {
  const char* name;
  std::function<void(config::Authority&)> make;
  const char* message;
};

class CheckConfigTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(CheckConfigTest, NamesTheField) {
  config::Authority config = FullConfig();
  EXPECT_THAT(CheckConfig(config), IsOk());
  GetParam().make(config);
  EXPECT_THAT(CheckConfig(config),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, CheckConfigTest,
    ::testing::Values(
        Mistake{"NoCertificate",
                [](auto& c) { c.mutable_identity()->clear_certificate_file(); },
                "field `identity.certificate_file`"},
        Mistake{"NoKey",
                [](auto& c) { c.mutable_identity()->clear_key_file(); },
                "field `identity.key_file`"},
        Mistake{"NoTrust",
                [](auto& c) { c.mutable_identity()->clear_trust_file(); },
                "field `identity.trust_file`"},
        Mistake{"NoAddress", [](auto& c) { c.clear_listen(); },
                "field `listen.address`"},
        Mistake{"BadAddress",
                [](auto& c) { c.mutable_listen()->add_address("nowhere"); },
                "field `listen.address`: value `nowhere`"},
        Mistake{"BadGrant", [](auto& c) { c.mutable_grant(0)->set_uri("me"); },
                "field `grant[0].uri`: value `me`"},
        Mistake{"GrantWithoutRoles",
                [](auto& c) { c.mutable_grant(0)->clear_role(); },
                "field `grant[0].role`"},
        Mistake{"LargeAuditLog",
                [](auto& c) {
                  c.mutable_audit_log()->set_path("/log");
                  c.mutable_audit_log()->set_max_mb(1025);
                },
                "field `audit_log.max_mb`: value `1025`"},
        Mistake{"TokensWithoutFile",
                [](auto& c) { c.mutable_tokens()->add_client(); },
                "field `tokens.replay_file`"},
        Mistake{"NoInventory", [](auto& c) { c.clear_inventory(); },
                "field `inventory`"},
        Mistake{"TwoInventories",
                [](auto& c) {
                  c.mutable_inventory()->set_postgres_file("/conninfo");
                },
                "field `inventory`"},
        Mistake{"NoSigner", [](auto& c) { c.clear_signer(); },
                "field `signer.address`"},
        Mistake{"BadSignerAddress",
                [](auto& c) { c.mutable_signer()->set_address("host:x"); },
                "field `signer.address`: value `host:x`"},
        Mistake{"NoSignerUri",
                [](auto& c) { c.mutable_signer()->clear_expected_uri(); },
                "field `signer.expected_uri`"},
        Mistake{"BadSignerUri",
                [](auto& c) {
                  c.mutable_signer()->set_expected_uri("spiffe://*/signer/one");
                },
                "field `signer.expected_uri`: value `spiffe://*/signer/one`"},
        Mistake{"NoRefresherAddress",
                [](auto& c) { c.mutable_refresher()->clear_address(); },
                "field `refresher.address`"},
        Mistake{"NoRefresherUri",
                [](auto& c) { c.mutable_refresher()->clear_expected_uri(); },
                "field `refresher.expected_uri`"},
        Mistake{"LongPublishWait", [](auto& c) { c.set_publish_wait_ms(1001); },
                "field `publish_wait_ms`: value `1001`: at most 1000"}),
    [](const auto& info) { return info.param.name; });

TEST(CheckConfigOptionalTest, NeedsNeitherRefresherNorAdmin) {
  config::Authority config = FullConfig();
  config.clear_refresher();
  config.clear_admin();
  EXPECT_THAT(CheckConfig(config), IsOk());
}

TEST(CheckFilesTest, NamesTheFileThatIsWrong) {
  rpc::testing::ServiceCa ca("check");
  config::Authority config = FullConfig();
  EXPECT_THAT(CheckFiles(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "`identity.certificate_file`: value `/certificate`"));
  *config.mutable_identity() = ca.Issue(kAuthority);
  EXPECT_THAT(CheckFiles(config), IsOk());
  config.mutable_audit_log()->set_path("/none/audit.log");
  EXPECT_THAT(CheckFiles(config),
              StatusIs(absl::StatusCode::kInvalidArgument, "`audit_log.path`"));
  config.clear_audit_log();
  config::TokenClient& client = *config.mutable_tokens()->add_client();
  config.mutable_tokens()->set_replay_file(
      crypto::testing::TempPath("replays"));
  client.set_uri(kClient);
  client.set_key("file:/none");
  EXPECT_THAT(CheckFiles(config),
              StatusIs(absl::StatusCode::kNotFound, "`tokens.client[0].key`"));
  client.set_key("file:" + crypto::testing::WriteTemp("hmac", "0123"));
  EXPECT_THAT(CheckFiles(config), StatusIs(absl::StatusCode::kInvalidArgument,
                                           "the HMAC key has 2 bytes"));
  client.set_key("file:" + crypto::testing::WriteTemp(
                               "hmac", "0123456789abcdef0123456789abcdef"));
  EXPECT_THAT(CheckFiles(config), IsOk());
}

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    *config_.mutable_identity() = ca_.Issue(kAuthority);
    config_.mutable_inventory()->set_sqlite_file(crypto::testing::TempPath(
        std::string(
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) +
        ".db"));
    issuer_ = signer_.AddIssuer("issuing", {"server"});
  }
  ~RunTest() override { Stop(); }

  // Returns when it serves.
  void Start() {
    running_ =
        std::thread([this] { ended_ = authority::Run(config_, process_); });
    EXPECT_TRUE(Comes([&] { return Logged("serving"); })) << text_.Get();
  }
  void Stop() {
    process_.RequestStop();
    if (running_.joinable()) running_.join();
  }
  void StartSigner() {
    signer_server_ = std::make_unique<testing::SignerServer>(
        signer_, SocketFor("signer"),
        *rpc::Credentials::Load(ca_.Issue(kSigner)));
  }

  // Whether `condition` holds within 20 seconds.
  static bool Comes(const std::function<bool()>& condition) {
    const absl::Time end = absl::Now() + absl::Seconds(20);
    while (!condition()) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return true;
  }
  bool Logged(const std::string& event) const {
    return text_.Get().find(" " + event) != std::string::npos;
  }
  // Body and status code.
  std::string Get(const std::string& path) const {
    const std::string text = text_.Get();
    const std::string key = "watched http=";
    const size_t begin = text.find(key) + key.size();
    const std::string address =
        text.substr(begin, text.find('\n', begin) - begin);
    return crypto::testing::Shell(
        "curl -s --max-time 20 -o - -w '[%{http_code}]' http://" + address +
        path);
  }

  std::shared_ptr<grpc::Channel> Channel() {
    config::Target target;
    target.set_address(SocketFor("authority"));
    target.set_expected_uri(kAuthority);
    return *rpc::MakeChannel("authority", target, client_);
  }
  absl::StatusOr<v1::IssueResponse> Issue(const std::string& request_id) {
    v1::IssueRequest request;
    request.set_request_id(request_id);
    request.set_issuer("issuing");
    request.set_profile("server");
    request.set_csr(csr_);
    v1::IssueResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(20));
    const grpc::Status status =
        v1::CertificateService::NewStub(Channel())->Issue(&context, request,
                                                          &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }
  int CountIssuers() {
    v1::ListIssuersResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(20));
    EXPECT_THAT(
        rpc::FromGrpc(v1::IssuerService::NewStub(Channel())->ListIssuers(
            &context, {}, &response)),
        IsOk());
    return response.issuers_size();
  }

  rpc::testing::ServiceCa ca_{"run"};
  const rpc::Credentials client_ = *rpc::Credentials::Load(ca_.Issue(kClient));
  const std::string csr_ = testing::OpenSslCsr("www.example.com");
  config::Authority config_ = FullConfig();
  testing::FakeSigner signer_{base::SystemClock()};
  storage::IssuerRow issuer_;
  std::unique_ptr<testing::SignerServer> signer_server_;
  rpc::testing::SharedText text_;
  std::ostream lines_{&text_};
  const rpc::Log log_{{}, base::SystemClock(), lines_};
  rpc::Process process_{base::SystemClock(), log_};
  absl::Status ended_ = absl::UnknownError("still running");

 private:
  std::thread running_;
};

TEST_F(RunTest, StartsBeforeTheSignerAndIsReadyOnceItAnswers) {
  Start();
  EXPECT_EQ(Get("/healthz"), "ok\n[200]");
  EXPECT_EQ(Get("/readyz"), "the signer has not answered yet\n[503]");
  EXPECT_EQ(CountIssuers(), 0);
  EXPECT_THAT(Issue("1"),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the signer does not answer: repeat the request"));
  EXPECT_TRUE(Logged("no_answer from=signer"));
  EXPECT_TRUE(Comes([&] { return Logged("issuers_not_read"); }));

  StartSigner();
  EXPECT_TRUE(Comes([&] { return Get("/readyz") == "ready\n[200]"; }));
  EXPECT_TRUE(Logged("issuers_read"));
  EXPECT_EQ(CountIssuers(), 1);
  EXPECT_THAT(Issue("1"), IsOk());
}

TEST_F(RunTest, KnowsTheInventorysIssuersFromTheFirstRequestOn) {
  {
    const auto before = storage::OpenConfigured(config_.inventory());
    ASSERT_THAT(before, IsOk());
    ASSERT_THAT((*before)->PutIssuer(issuer_), IsOk());
  }
  Start();  // There is no signer.
  EXPECT_EQ(CountIssuers(), 1);
}

TEST_F(RunTest, IssuesWithSignerInventoryAndRefresher) {
  testing::RefresherServer refresher(
      SocketFor("refresher"), *rpc::Credentials::Load(ca_.Issue(kRefresher)));
  StartSigner();
  Start();
  const auto issued = Issue("1");
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->certificate().requester(), kClient);
  EXPECT_EQ(issued->certificate().subject(), "CN=www.example.com");
  EXPECT_EQ(issued->responders_acknowledged(), 2u);
  EXPECT_EQ(issued->responders_total(), 3u);
  ASSERT_THAT(refresher.requests(), SizeIs(1));
  EXPECT_EQ(refresher.requests()[0].updates_size(), 1);
  EXPECT_LE(refresher.requests()[0].wait_ms(), 1000u);

  const std::string chain =
      crypto::testing::WriteTemp("issuer.der", issued->chain(0));
  const std::string leaf =
      crypto::testing::WriteTemp("leaf.der", issued->certificate().der());
  const auto to_pem = [](const std::string& path) {
    crypto::testing::Shell("openssl x509 -inform DER -in " + path + " -out " +
                           path + ".pem");
    return path + ".pem";
  };
  EXPECT_THAT(crypto::testing::Shell("openssl verify -CAfile " + to_pem(chain) +
                                     " " + to_pem(leaf)),
              HasSubstr("OK"));
}

TEST_F(RunTest, StopsWhenAskedAndLeavesNoSocket) {
  Start();
  Stop();
  EXPECT_THAT(ended_, IsOk());
  const std::string path = SocketFor("authority").substr(5);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

// A port that is in use while this lives.
class TakenPort {
 public:
  TakenPort() {
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    auto* generic = reinterpret_cast<sockaddr*>(&name);
    EXPECT_EQ(bind(fd_, generic, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, generic, &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  }
  ~TakenPort() { close(fd_); }
  const std::string& address() const { return address_; }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM, 0);
  std::string address_;
};

TEST_F(RunTest, SaysThatItsPortIsInUse) {
  const TakenPort taken;
  config_.mutable_listen()->add_address(taken.address());
  EXPECT_THAT(authority::Run(config_, process_),
              StatusIs(absl::StatusCode::kAlreadyExists, taken.address()));
}

TEST_F(RunTest, SaysThatItsAdminPortIsInUse) {
  const TakenPort taken;
  config_.mutable_admin()->set_address(taken.address());
  EXPECT_THAT(authority::Run(config_, process_),
              StatusIs(absl::StatusCode::kAlreadyExists, taken.address()));
}

TEST_F(RunTest, SaysWhichFileOfItsIdentityIsMissing) {
  config_.mutable_identity()->set_key_file("/nowhere/key");
  const absl::Status status = authority::Run(config_, process_);
  EXPECT_THAT(std::string(status.message()), HasSubstr("identity.key_file"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/key"));
}

}  // namespace
}  // namespace chancery::authority
