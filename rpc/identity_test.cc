#include "rpc/identity.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

TEST(IdentityTest, HasThreeParts) {
  const auto identity = ParseIdentity("spiffe://prod/signer/issuing-1");
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->uri, "spiffe://prod/signer/issuing-1");
  EXPECT_EQ(identity->cluster, "prod");
  EXPECT_EQ(identity->role, "signer");
  EXPECT_EQ(identity->name, "issuing-1");
}

TEST(IdentityTest, RefusesOtherForms) {
  for (const char* uri :
       {"", "prod/signer/a", "https://prod/signer/a", "spiffe://prod/signer",
        "spiffe://prod/signer/", "spiffe://prod//a", "spiffe://prod/signer/a/b",
        "spiffe://Prod/signer/a", "spiffe://prod/signer/*",
        "spiffe://prod/signer/a?x", "spiffe://prod/../a", "spiffe://u@h/a/b",
        "SPIFFE://prod/signer/a", "spiffe://prod/signer/a\n",
        "spiffe://prod:1/signer/a"}) {
    EXPECT_THAT(ParseIdentity(uri),
                StatusIs(absl::StatusCode::kInvalidArgument, "spiffe://"))
        << uri;
  }
}

TEST(IdentityTest, IsTheOnlyUriOfACertificate) {
  EXPECT_THAT(IdentityFromUris({"spiffe://a/b/c"}), IsOk());
  EXPECT_THAT(IdentityFromUris({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "0 URI names"));
  EXPECT_THAT(IdentityFromUris({"spiffe://a/b/c", "spiffe://a/b/d"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "2 URI names"));
}

}  // namespace
}  // namespace chancery::rpc
