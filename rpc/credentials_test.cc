#include "rpc/credentials.h"

#include <sys/stat.h>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "rpc/testing/service_ca.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::WriteTemp;

constexpr char kUri[] = "spiffe://test/signer/one";
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class CredentialsTest : public ::testing::Test {
 protected:
  testing::ServiceCa ca_{"credentials"};
  config::TlsIdentity identity_ = ca_.Issue(kUri);
};

TEST_F(CredentialsTest, KnowWhoTheyAre) {
  const auto credentials = Credentials::Load(identity_);
  ASSERT_THAT(credentials, IsOk());
  EXPECT_EQ(credentials->identity().uri, kUri);
}

TEST_F(CredentialsTest, RefuseAKeyThatOthersCanRead) {
  for (const mode_t mode : {0640, 0604, 0660}) {
    ASSERT_EQ(chmod(identity_.key_file().c_str(), mode), 0);
    EXPECT_THAT(Credentials::Load(identity_), StatusIs(kInvalid, "chmod 600"));
  }
}

TEST_F(CredentialsTest, RefuseAKeyOfAnotherCertificate) {
  identity_.set_key_file(ca_.Issue(kUri).key_file());
  EXPECT_THAT(
      Credentials::Load(identity_),
      StatusIs(kInvalid, "is not the key of identity.certificate_file"));
}

TEST_F(CredentialsTest, RefuseACertificateWithoutOneIdentity) {
  EXPECT_THAT(Credentials::Load(ca_.Issue("https://example.com/")),
              StatusIs(kInvalid, "identity.certificate_file"));
  EXPECT_THAT(
      Credentials::Load(ca_.Issue(kUri, 30, ",URI:spiffe://test/signer/two")),
      StatusIs(kInvalid, "2 URI names"));
}

TEST_F(CredentialsTest, SkipOtherKindsOfNames) {
  const auto credentials = Credentials::Load(ca_.Issue(
      kUri, 30, ",DNS:signer.test,IP:127.0.0.1,email:a@b.c,RID:1.2.3"));
  ASSERT_THAT(credentials, IsOk());
  EXPECT_EQ(credentials->identity().uri, kUri);
}

TEST_F(CredentialsTest, RefuseSeveralRoots) {
  testing::ServiceCa other("credentials-other");
  identity_.set_trust_file(WriteTemp(
      "two.pem", Shell("cat " + ca_.trust_file() + " " + other.trust_file())));
  EXPECT_THAT(Credentials::Load(identity_),
              StatusIs(kInvalid, "holds 2 certificates"));
}

TEST_F(CredentialsTest, RefuseFilesThatAreNotWhatTheyShouldBe) {
  identity_.set_trust_file(WriteTemp("empty.pem", ""));
  EXPECT_THAT(Credentials::Load(identity_),
              StatusIs(kInvalid, "holds no PEM certificate"));
  identity_.set_trust_file(
      WriteTemp("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"));
  EXPECT_THAT(Credentials::Load(identity_),
              StatusIs(kInvalid, "CERTIFICATE block is malformed"));
  identity_.set_trust_file("");
  EXPECT_THAT(Credentials::Load(identity_),
              StatusIs(kInvalid, "field `identity.trust_file`"));
  identity_.set_certificate_file("/nowhere/a.pem");
  EXPECT_THAT(Credentials::Load(identity_),
              StatusIs(kInvalid, "/nowhere/a.pem"));
}

}  // namespace
}  // namespace chancery::rpc
