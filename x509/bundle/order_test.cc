#include "x509/bundle/order.h"

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using ::testing::ElementsAre;

// root > middle > leaf; two other roots; and "new", another root of that name.
class OrderLeafFirstTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* root : {"root", "other", "third"}) MakeRoot(root, root);
    MakeRoot("new", "root");
    Issue("middle", "root", true);
    Issue("leaf", "middle", false);
  }

  static std::string Der(const std::string& name) {
    return Shell("openssl x509 -outform DER -in " + TempPath(name));
  }
  static absl::StatusOr<crypto::PortableKey> Key(const std::string& name) {
    const std::string pem = Shell("cat " + TempPath(name + ".key"));
    return crypto::PortableKey::FromPem(AsBytes(pem), nullptr);
  }
  // The names of these, once in order.
  static std::vector<std::string> Ordered(
      const std::vector<std::string>& names,
      const crypto::PortableKey* key = nullptr) {
    std::vector<std::string> certificates, out;
    for (const std::string& name : names) certificates.push_back(Der(name));
    EXPECT_THAT(OrderLeafFirst(key, certificates), IsOk());
    for (const std::string& certificate : certificates) {
      for (const std::string& name : names) {
        if (certificate == Der(name)) out.push_back(name);
      }
    }
    return out;
  }

 private:
  static void MakeRoot(const std::string& name, const std::string& subject) {
    Shell("openssl req -x509 -newkey ed25519 -nodes -subj /CN=" + subject +
          " -keyout " + TempPath(name + ".key") + " -out " + TempPath(name));
  }
  static void Issue(const std::string& name, const std::string& by, bool ca) {
    Shell("openssl req -new -newkey ed25519 -nodes -subj /CN=" + name +
          " -addext basicConstraints=critical,CA:" + (ca ? "TRUE" : "FALSE") +
          " -keyout " + TempPath(name + ".key") +
          " | openssl x509 -req -copy_extensions copy -CA " + TempPath(by) +
          " -CAkey " + TempPath(by + ".key") + " -out " + TempPath(name));
  }
};

TEST_F(OrderLeafFirstTest, FollowsIssuersUpwards) {
  EXPECT_THAT(Ordered({"root", "middle", "leaf"}),
              ElementsAre("leaf", "middle", "root"));
  EXPECT_THAT(Ordered({"middle", "root", "leaf"}),
              ElementsAre("leaf", "middle", "root"));
  EXPECT_THAT(Ordered({"leaf", "root"}), ElementsAre("leaf", "root"));
}

TEST_F(OrderLeafFirstTest, KeepsTheOrderOfStrangers) {
  EXPECT_THAT(Ordered({"third", "root", "other"}),
              ElementsAre("third", "root", "other"));
  EXPECT_THAT(Ordered({"third", "root", "leaf", "other", "middle"}),
              ElementsAre("third", "leaf", "middle", "root", "other"));
}

TEST_F(OrderLeafFirstTest, BeginsWithTheKeysOwn) {
  const auto key = Key("other");
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(Ordered({"root", "other", "leaf"}, &*key),
              ElementsAre("other", "root", "leaf"));
  std::vector<std::string> certificates = {Der("root"), Der("leaf")};
  EXPECT_THAT(OrderLeafFirst(&*key, certificates),
              StatusIs(absl::StatusCode::kNotFound, "none of the 2"));
}

TEST_F(OrderLeafFirstTest, OfTwoWithTheIssuersNameTheOneThatSignedFollows) {
  EXPECT_THAT(Ordered({"new", "root", "middle"}),
              ElementsAre("middle", "root", "new"));
  EXPECT_THAT(Ordered({"root", "new", "middle"}),
              ElementsAre("middle", "root", "new"));
}

TEST_F(OrderLeafFirstTest, RefusesWhatIsNoCertificate) {
  std::vector<std::string> certificates = {Der("root"), "hello"};
  EXPECT_THAT(OrderLeafFirst(nullptr, certificates),
              StatusIs(absl::StatusCode::kInvalidArgument, "not a cert"));
  EXPECT_EQ(certificates[1], "hello");
}

}  // namespace
}  // namespace chancery::x509
