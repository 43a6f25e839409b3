#include "rpc/roles.h"

#include <vector>

#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using Grants = google::protobuf::RepeatedPtrField<config::Grant>;

constexpr char kAda[] = "spiffe://test/client/ada";

void Grant(Grants& grants, const char* uri, const std::vector<int>& roles) {
  config::Grant& grant = *grants.Add();
  grant.set_uri(uri);
  for (const int role : roles) grant.add_role(static_cast<config::Role>(role));
}

TEST(RoleTableTest, AllowsWhatWasGrantedAndNothingElse) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_ISSUE, config::ROLE_READ});
  const auto roles = RoleTable::Create(grants);
  ASSERT_THAT(roles, IsOk());
  EXPECT_THAT(roles->Check(*ParseIdentity(kAda), Role::kIssue), IsOk());
  EXPECT_THAT(roles->Check(*ParseIdentity(kAda), Role::kRead), IsOk());
  EXPECT_THAT(roles->Check(*ParseIdentity(kAda), Role::kRevoke),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "spiffe://test/client/ada has no role `revoke`"));
}

TEST(RoleTableTest, KnowsOnlyExactUris) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_ISSUE});
  const auto roles = RoleTable::Create(grants);
  for (const char* uri :
       {"spiffe://test/client/ad", "spiffe://test/client/adaa",
        "spiffe://tes/client/ada"}) {
    EXPECT_THAT(roles->Check(*ParseIdentity(uri), Role::kIssue),
                StatusIs(absl::StatusCode::kPermissionDenied, uri));
  }
}

TEST(RoleTableTest, AdminIsNotEverything) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_ADMIN});
  EXPECT_THAT(
      RoleTable::Create(grants)->Check(*ParseIdentity(kAda), Role::kIssue),
      StatusIs(absl::StatusCode::kPermissionDenied, "issue"));
}

TEST(RoleTableTest, EmptyAllowsNobody) {
  EXPECT_THAT(RoleTable().Check(*ParseIdentity(kAda), Role::kRead),
              StatusIs(absl::StatusCode::kPermissionDenied, kAda));
}

TEST(RoleTableTest, RefusesGrantsThatCannotBeMeant) {
  const struct {
    const char* uri;
    std::vector<int> roles;
    const char* message;
  } kCases[] = {
      {"ada", {config::ROLE_READ}, "field `grant[0].uri`: value `ada`"},
      {"spiffe://test/client/*", {config::ROLE_READ}, "grant[0].uri"},
      {kAda, {}, "at least one role"},
      {kAda, {config::ROLE_UNSPECIFIED}, "is no role"},
      {kAda, {77}, "value `77`: is no role"},
      {kAda, {config::ROLE_READ, config::ROLE_READ}, "`read`: is given twice"},
  };
  for (const auto& c : kCases) {
    Grants grants;
    Grant(grants, c.uri, c.roles);
    EXPECT_THAT(RoleTable::Create(grants),
                StatusIs(absl::StatusCode::kInvalidArgument, c.message));
  }
}

// TRUST 9: the second identity of an order must be a second one.
TEST(RoleTableTest, RefusesToApproveAndToDo) {
  for (const config::Role other : {config::ROLE_ISSUE, config::ROLE_REVOKE,
                                   config::ROLE_IMPORT, config::ROLE_ADMIN}) {
    Grants grants;
    Grant(grants, kAda, {other, config::ROLE_APPROVE});
    EXPECT_THAT(RoleTable::Create(grants),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "has to come from somebody else"));
  }
  Grants grants;
  Grant(grants, kAda, {config::ROLE_READ, config::ROLE_APPROVE});
  EXPECT_THAT(RoleTable::Create(grants), IsOk());
}

TEST(RoleTableTest, ReadsLimits) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_ISSUE, config::ROLE_REVOKE});
  grants[0].add_profile("server");
  grants[0].add_issuer("issuing");
  grants[0].mutable_names()->add_dns(".example.com");
  grants[0].set_revoke_own(true);
  grants[0].set_max_issued_per_hour(7);
  const auto roles = RoleTable::Create(grants);
  ASSERT_THAT(roles, IsOk());
  const GrantLimits& limits = roles->LimitsOf(*ParseIdentity(kAda));
  EXPECT_EQ(limits.profiles, std::set<std::string>{"server"});
  EXPECT_EQ(limits.issuers, std::set<std::string>{"issuing"});
  EXPECT_TRUE(limits.names.has_value());
  EXPECT_TRUE(limits.revoke_own);
  EXPECT_EQ(limits.max_issued_per_hour, 7u);
  EXPECT_FALSE(roles->LimitsOf(*ParseIdentity("spiffe://test/client/bob"))
                   .names.has_value());
}

TEST(RoleTableTest, RefusesLimitsThatCannotBeMeant) {
  const struct {
    std::vector<int> roles;
    void (*change)(config::Grant&);
    const char* message;
  } kCases[] = {
      {{config::ROLE_READ},
       [](config::Grant& g) { g.add_profile("server"); },
       "grant[0].profile"},
      {{config::ROLE_READ},
       [](config::Grant& g) { g.add_issuer("issuing"); },
       "limits a role that this identity does not have"},
      {{config::ROLE_REVOKE},
       [](config::Grant& g) { g.set_max_issued_per_hour(1); },
       "grant[0].max_issued_per_hour"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.set_revoke_own(true); },
       "grant[0].revoke_own"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.mutable_names(); },
       "allows no name"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.add_profile(""); },
       "is required"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) {
         g.add_profile("a");
         g.add_profile("a");
       },
       "value `a`: is given twice"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.mutable_names()->add_dns("*"); },
       "field `grant[0].names.dns`: value `*`"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.mutable_names()->add_ip("10.0.0.1/8"); },
       "grant[0].names.ip"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.mutable_names()->add_email("@x"); },
       "grant[0].names.email"},
      {{config::ROLE_ISSUE},
       [](config::Grant& g) { g.mutable_names()->add_uri("/web/"); },
       "grant[0].names.uri"},
  };
  for (const auto& c : kCases) {
    Grants grants;
    Grant(grants, kAda, c.roles);
    c.change(grants[0]);
    EXPECT_THAT(RoleTable::Create(grants),
                StatusIs(absl::StatusCode::kInvalidArgument, c.message));
  }
}

TEST(RoleTableTest, RefusesTwoGrantsForOneIdentity) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_READ});
  Grant(grants, kAda, {config::ROLE_ISSUE});
  EXPECT_THAT(RoleTable::Create(grants),
              StatusIs(absl::StatusCode::kInvalidArgument, "grant[1].uri"));
}

}  // namespace
}  // namespace chancery::rpc
