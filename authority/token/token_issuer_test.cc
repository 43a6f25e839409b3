#include "authority/token/token_issuer.h"

#include <filesystem>
#include <memory>
#include <string>

#include "authority/testing/authority_fixture.h"
#include "authority/testing/fake_signer.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/authority.pb.h"
#include "chancery/config/common.pb.h"
#include "crypto/hmac.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "rpc/gate.h"
#include "rpc/roles.h"
#include "x509/certificate/pem.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

constexpr char kHex[] = "0123456789abcdef0123456789abcdef";
constexpr char kUri[] = "spiffe://test/token/legacy";

class TokenIssuerTest : public testing::AuthorityFixture {
 protected:
  TokenIssuerTest() {
    const std::string key = crypto::testing::WriteTemp("token-key", kHex);
    Shell("chmod 600 " + key);
    config_.set_replay_file(TempPath("token-replays"));
    std::filesystem::remove(config_.replay_file());
    config::TokenClient& client = *config_.add_client();
    client.set_uri(kUri);
    client.set_key("file:" + key);
    grant_.set_uri(kUri);
    grant_.add_role(config::ROLE_ISSUE);
  }

  TokenIssuer& issuer() {
    if (issuer_ != nullptr) return *issuer_;
    google::protobuf::RepeatedPtrField<config::Grant> grants;
    *grants.Add() = grant_;
    roles_ = *rpc::RoleTable::Create(grants);
    clients_ = std::make_unique<TokenClients>(*TokenClients::Load(config_));
    replays_ = *ReplayGuard::Open(config_.replay_file(), clock_.Now(), {});
    gate_ =
        std::make_unique<rpc::Gate>(roles_, log_, rpc::GateMemory{}, clock_);
    issuer_ = std::make_unique<TokenIssuer>(
        TokenIssuer::Parts{.clients = *clients_,
                           .replays = *replays_,
                           .authority = authority_,
                           .issuers = issuers_,
                           .gate = *gate_,
                           .clock = clock_});
    return *issuer_;
  }
  void Restart() {
    issuer_.reset();
    replays_.reset();
  }

  // What a client with the key sends now.
  std::string Body(const std::string& fields = "\"profile\":\"server\"",
                   const std::string& hex = kHex) const {
    std::string pem =
        x509::EncodePem("CERTIFICATE REQUEST", base::AsBytes(csr_));
    for (size_t at = 0; (at = pem.find('\n', at)) != std::string::npos;) {
      pem.replace(at, 1, "\\n");
    }
    const std::string request = "{\"certificate_request\":\"" + pem +
                                "\",\"label\":\"issuing\"," + fields + "}";
    const std::string key = *base::FromHex(hex);
    const auto token =
        crypto::HmacSha256(base::AsBytes(key), base::AsBytes(request));
    return "{\"token\":\"" + base::Base64(token) + "\",\"request\":\"" +
           base::Base64(base::AsBytes(request)) + "\",\"timestamp\":" +
           std::to_string(absl::ToUnixSeconds(clock_.Now())) + "}";
  }
  absl::StatusOr<Issued> Issue(const std::string& body) {
    return issuer().Issue(body, relay_);
  }

  const std::string csr_ = Order("").csr;
  const rpc::Identity relay_ = *rpc::ParseIdentity("spiffe://test/web/front");
  config::Tokens config_;
  config::Grant grant_;
  rpc::RoleTable roles_;
  std::unique_ptr<TokenClients> clients_;
  std::unique_ptr<ReplayGuard> replays_;
  std::unique_ptr<rpc::Gate> gate_;
  std::unique_ptr<TokenIssuer> issuer_;
};

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

TEST_F(TokenIssuerTest, IssuesToWhoeverHasTheKey) {
  const auto issued = Issue(Body());
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->certificate.requester, kUri);
  EXPECT_EQ(issued->certificate.profile, "server");
  EXPECT_EQ(signer_.issued(), 1u);
  EXPECT_THAT(
      Issue(Body("\"profile\":\"server\"", "00000000000000000000000000000000")),
      StatusIs(absl::StatusCode::kUnauthenticated, "no key of ours"));
  EXPECT_EQ(signer_.issued(), 1u);
}

// A recording is refused for twice the window, over restarts, and later gets
// what was made: never a second certificate.
TEST_F(TokenIssuerTest, ARecordingNeverGetsASecondCertificate) {
  const auto first = Issue(Body());
  ASSERT_THAT(first, IsOk());
  const auto again = absl::StatusCode::kAlreadyExists;
  EXPECT_THAT(Issue(Body()), StatusIs(again, "was here before"));
  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(Issue(Body()), StatusIs(again, "was here before"));
  Restart();
  EXPECT_THAT(Issue(Body()), StatusIs(again, "was here before"));
  clock_.Advance(absl::Minutes(5));
  Restart();
  EXPECT_THAT(Issue(Body()), StatusIs(again, "was here before"));
  clock_.Advance(absl::Minutes(2));
  const auto later = Issue(Body());
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->certificate.der, first->certificate.der);
  clock_.Advance(absl::Hours(24 * 30));
  const auto much_later = Issue(Body());
  ASSERT_THAT(much_later, IsOk());
  EXPECT_EQ(much_later->certificate.der, first->certificate.der);
  EXPECT_EQ(signer_.issued(), 1u);
}

// For the signer another authority is another caller, whose request ids are its
// own; and its memory of tokens is a file of its own.
TEST_F(TokenIssuerTest, AtAnotherAuthorityARecordingGetsWhatWasMade) {
  const auto first = Issue(Body());
  ASSERT_THAT(first, IsOk());
  testing::FakeSigner signer(clock_);
  signer.AddIssuer("issuing", {"server"});
  CertificateAuthority authority({.signer = signer,
                                  .certificates = inventory_,
                                  .issuers = issuers_,
                                  .clock = clock_,
                                  .random = base::SystemRandom(),
                                  .log = log_},
                                 options_);
  const std::string file = TempPath("other-replays");
  std::filesystem::remove(file);
  const auto replays = *ReplayGuard::Open(file, clock_.Now(), {});
  TokenIssuer other({.clients = *clients_,
                     .replays = *replays,
                     .authority = authority,
                     .issuers = issuers_,
                     .gate = *gate_,
                     .clock = clock_});
  inventory_.FailAlways();
  EXPECT_THAT(other.Issue(Body(), relay_),
              StatusIs(absl::StatusCode::kUnavailable, "inventory"));
  inventory_.Heal();
  const auto second = other.Issue(Body(), relay_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->certificate.der, first->certificate.der);
  EXPECT_EQ(second->chain, first->chain);
  EXPECT_EQ(signer.issued(), 0u);
  EXPECT_THAT(other.Issue(Body(), relay_),
              StatusIs(absl::StatusCode::kAlreadyExists, "was here before"));
  // What nobody has issued yet, it issues.
  EXPECT_THAT(other.Issue(Body("\"profile\":\"server\",\"hosts\":[]"), relay_),
              IsOk());
  EXPECT_EQ(signer.issued(), 1u);
}

TEST_F(TokenIssuerTest, RefusesTheRecordingAsItWas) {
  const std::string body = Body();
  ASSERT_THAT(Issue(body), IsOk());
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(Issue(body),
              StatusIs(absl::StatusCode::kUnauthenticated, "timestamp"));
}

TEST_F(TokenIssuerTest, RenewsWhereThatIsConfigured) {
  config_.mutable_client(0)->set_renew_after_hours(24);
  const auto first = Issue(Body());
  ASSERT_THAT(first, IsOk());
  clock_.Advance(absl::Hours(24));
  const auto second = Issue(Body());
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->certificate.der, first->certificate.der);
}

TEST_F(TokenIssuerTest, ALostAnswerMayBeAskedForAgain) {
  signer_.FailNext(absl::UnavailableError("away"), true);
  EXPECT_THAT(Issue(Body()),
              StatusIs(absl::StatusCode::kUnavailable, "repeat"));
  EXPECT_THAT(Issue(Body()), IsOk());
  EXPECT_EQ(signer_.issued(), 1u);
}

TEST_F(TokenIssuerTest, TheGrantIsThatOfTheKey) {
  grant_.add_profile("server");
  grant_.mutable_names()->add_dns("*.example.org");
  EXPECT_THAT(Issue(Body()), StatusIs(kDenied, "DNS:www.example.com"));
  EXPECT_THAT(Issue(Body("\"profile\":\"client\"")),
              StatusIs(kDenied, "profile \"client\" is not granted"));
  EXPECT_EQ(signer_.issued(), 0u);
}

TEST_F(TokenIssuerTest, WithoutAGrantAKeyIsWorthNothing) {
  grant_.set_uri("spiffe://test/token/other");
  EXPECT_THAT(Issue(Body()), StatusIs(kDenied, "has no role `issue`"));
}

TEST_F(TokenIssuerTest, HostsAreTheNamesThatTheKeysOwnerSigned) {
  EXPECT_THAT(Issue(Body("\"profile\":\"server\",\"hosts\":"
                         "[\"WWW.example.com\"]")),
              IsOk());
  EXPECT_THAT(Issue(Body("\"profile\":\"server\",\"hosts\":"
                         "[\"www.example.com\",\"a.example.com\"]")),
              StatusIs(absl::StatusCode::kInvalidArgument, "hosts"));
}

}  // namespace
}  // namespace chancery::authority
