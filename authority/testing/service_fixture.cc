#include "authority/testing/service_fixture.h"

#include <unistd.h>

#include <map>

#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/testing/service_ca.h"

namespace chancery::authority::testing {
namespace {

using base::testing::IsOk;

constexpr char kServer[] = "spiffe://test/authority/one";

// Made once, since OpenSSL takes a while.
const rpc::Credentials& CredentialsOf(const std::string& uri) {
  static rpc::testing::ServiceCa ca("authority");
  static std::map<std::string, rpc::Credentials> made;
  const auto found = made.find(uri);
  if (found != made.end()) return found->second;
  return made.emplace(uri, *rpc::Credentials::Load(ca.Issue(uri)))
      .first->second;
}

rpc::RoleTable Roles() {
  google::protobuf::RepeatedPtrField<config::Grant> grants;
  const auto grant = [&](const char* uri,
                         const std::vector<config::Role>& roles) {
    config::Grant* added = grants.Add();
    added->set_uri(uri);
    for (const config::Role role : roles) added->add_role(role);
  };
  grant(kClient, {config::ROLE_ISSUE, config::ROLE_REVOKE, config::ROLE_READ});
  grant(kIssuesOnly, {config::ROLE_ISSUE});
  grant(kRevokesOnly, {config::ROLE_REVOKE});
  grant(kReadsOnly, {config::ROLE_READ});
  return *rpc::RoleTable::Create(grants);
}

}  // namespace

// The socket's path is short: it has at most 107 bytes.
ServiceFixture::ServiceFixture()
    : address_("unix:/tmp/chancery-authority-" + std::to_string(getpid()) +
               ".sock"),
      roles_(Roles()) {
  rpc::ServerOptions options;
  options.addresses = {address_};
  options.services = {&certificate_service_, &issuer_service_};
  auto server =
      rpc::Server::Start(options, CredentialsOf(kServer), metrics_, log_);
  EXPECT_THAT(server, IsOk());
  server_ = *std::move(server);
}

std::shared_ptr<grpc::Channel> ServiceFixture::Channel(
    const std::string& uri) const {
  config::Target target;
  target.set_address(address_);
  target.set_expected_uri(kServer);
  auto channel = rpc::MakeChannel("authority", target, CredentialsOf(uri));
  EXPECT_THAT(channel, IsOk());
  return *channel;
}

}  // namespace chancery::authority::testing
