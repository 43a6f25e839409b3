// Who gets through to a handler, over real connections.
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/security/credentials.h"
#include "rpc/client.h"
#include "rpc/status.h"
#include "rpc/testing/echo.grpc.pb.h"
#include "rpc/testing/echo_server.h"
#include "rpc/testing/service_ca.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::EchoRequest;
using testing::EchoResponse;
using testing::kClientUri;
using testing::kServerUri;
using testing::kStrangerUri;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

struct Answer {
  std::string caller;
  std::string server_certificate;  // PEM.
};

absl::StatusOr<Answer> Call(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(20));
  EchoResponse response;
  const grpc::Status status = testing::EchoService::NewStub(channel)->Echo(
      &context, EchoRequest(), &response);
  if (!status.ok()) return FromGrpc(status);
  const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
  return Answer{
      .caller = response.caller(),
      .server_certificate =
          pem.empty() ? "" : std::string(pem[0].data(), pem[0].size())};
}

// With a TCP and with a Unix socket.
class MtlsTest : public ::testing::TestWithParam<bool> {
 protected:
  MtlsTest() {
    // Not below TEST_TMPDIR, whose path may be too long for a socket.
    const std::string unix_address =
        "unix:/tmp/chancery-mtls-" + std::to_string(getpid()) + ".sock";
    EXPECT_THAT(server_.Start({GetParam() ? unix_address : "127.0.0.1:0"}),
                IsOk());
  }

  absl::StatusOr<Answer> CallAs(const config::TlsIdentity& identity) {
    const auto credentials = Credentials::Load(identity, 1);
    if (!credentials.ok()) return credentials.status();
    const auto channel = MakeChannel("echo", server_.target(), *credentials);
    if (!channel.ok()) return channel.status();
    return Call(*channel);
  }

  testing::ServiceCa ca_{"mtls"};
  config::TlsIdentity server_identity_ = ca_.Issue(kServerUri);
  testing::EchoServer server_{*Credentials::Load(server_identity_, 1)};
};

INSTANTIATE_TEST_SUITE_P(Sockets, MtlsTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Unix" : "Tcp";
                         });

TEST_P(MtlsTest, HandlerKnowsTheCaller) {
  const auto answer = CallAs(ca_.Issue(kClientUri));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->caller, kClientUri);
}

TEST_P(MtlsTest, CallerWithoutTheRoleIsDenied) {
  EXPECT_THAT(CallAs(ca_.Issue(kStrangerUri)),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "spiffe://test/authority/two has no role `read`"));
}

TEST_P(MtlsTest, CertificateOfAnotherCaIsRefused) {
  testing::ServiceCa other("mtls-other");
  config::TlsIdentity identity = other.Issue(kClientUri);
  identity.set_trust_file(ca_.trust_file());
  EXPECT_THAT(CallAs(identity), StatusIs(kUnavailable, ""));
}

TEST_P(MtlsTest, ExpiredCertificateIsRefused) {
  EXPECT_THAT(CallAs(ca_.Issue(kClientUri, -1)), StatusIs(kUnavailable, ""));
}

TEST_P(MtlsTest, ClientRefusesAServerOfAnotherCa) {
  testing::ServiceCa other("mtls-other");
  config::TlsIdentity identity = ca_.Issue(kClientUri);
  identity.set_trust_file(other.trust_file());
  EXPECT_THAT(CallAs(identity), StatusIs(kUnavailable, ""));
}

TEST_P(MtlsTest, ClientRefusesAServerWithAnotherIdentity) {
  config::Target target = server_.target();
  target.set_expected_uri("spiffe://test/signer/two");
  const auto channel =
      MakeChannel("echo", target, *Credentials::Load(ca_.Issue(kClientUri)));
  ASSERT_THAT(channel, IsOk());
  EXPECT_THAT(Call(*channel), StatusIs(kUnavailable, ""));
}

// A client that is not ours: it checks little, and may have no certificate.
absl::StatusOr<Answer> CallCarelessly(const config::Target& target,
                                      const config::TlsIdentity& identity) {
  namespace tls = grpc::experimental;
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<tls::FileWatcherCertificateProvider>(
          identity.key_file(), identity.certificate_file(),
          identity.trust_file(), 1));
  options.watch_root_certs();
  if (!identity.key_file().empty()) options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      std::make_shared<tls::NoOpCertificateVerifier>());
  return Call(
      grpc::CreateChannel(target.address(), tls::TlsCredentials(options)));
}

TEST_P(MtlsTest, ClientWithoutCertificateIsRefused) {
  config::TlsIdentity identity = ca_.Issue(kClientUri);
  EXPECT_THAT(CallCarelessly(server_.target(), identity), IsOk());
  identity.clear_certificate_file();
  identity.clear_key_file();
  EXPECT_THAT(CallCarelessly(server_.target(), identity),
              StatusIs(kUnavailable, ""));
}

TEST_P(MtlsTest, CertificateWithoutOneIdentityIsRefused) {
  EXPECT_THAT(CallCarelessly(
                  server_.target(),
                  ca_.Issue(kClientUri, 30, std::string(",URI:") + kServerUri)),
              StatusIs(absl::StatusCode::kUnauthenticated, "2 URI names"));
  EXPECT_THAT(
      CallCarelessly(server_.target(), ca_.Issue("https://example.com/")),
      StatusIs(absl::StatusCode::kUnauthenticated, "spiffe://"));
}

TEST_P(MtlsTest, PlaintextIsRefused) {
  EXPECT_THAT(Call(grpc::CreateChannel(server_.target().address(),
                                       grpc::InsecureChannelCredentials())),
              StatusIs(kUnavailable, ""));
}

TEST_P(MtlsTest, RenewedCertificateIsUsedWithoutARestart) {
  const config::TlsIdentity client = ca_.Issue(kClientUri);
  const auto before = CallAs(client);
  ASSERT_THAT(before, IsOk());
  ASSERT_NE(before->server_certificate, "");
  ca_.Replace(server_identity_, ca_.Issue(kServerUri));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (absl::Now() < deadline) {
    const auto now = CallAs(client);
    // Fails while only one of the two files has been taken.
    if (now.ok() && now->server_certificate != before->server_certificate) {
      return;
    }
  }
  FAIL() << "the old certificate is still in use";
}

TEST_P(MtlsTest, CertificateOfAnotherServerStopsBeingServed) {
  const config::TlsIdentity client = ca_.Issue(kClientUri);
  ASSERT_THAT(CallAs(client), IsOk());
  ca_.Replace(server_identity_, ca_.Issue("spiffe://test/signer/two"));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  absl::Status last;
  while (last.ok() && absl::Now() < deadline) last = CallAs(client).status();
  EXPECT_THAT(last, StatusIs(kUnavailable, ""));
}

}  // namespace
}  // namespace chancery::rpc
