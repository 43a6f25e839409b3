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

TEST(RoleTableTest, RefusesTwoGrantsForOneIdentity) {
  Grants grants;
  Grant(grants, kAda, {config::ROLE_READ});
  Grant(grants, kAda, {config::ROLE_ISSUE});
  EXPECT_THAT(RoleTable::Create(grants),
              StatusIs(absl::StatusCode::kInvalidArgument, "grant[1].uri"));
}

}  // namespace
}  // namespace chancery::rpc
