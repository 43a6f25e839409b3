#include "signer/issuer_chain.h"

#include <string>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

// root > upper > lower.
class ParseIssuerChainTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Make("root", "-x509 -out " + TempPath("root"));
    for (const auto& [name, by] :
         {std::pair("upper", "root"), std::pair("lower", "upper")}) {
      Make(name, "-out " + TempPath("csr"));
      Shell("openssl x509 -req -copy_extensions copy -in " + TempPath("csr") +
            " -CA " + TempPath(by) + " -CAkey " + TempPath(by) + ".key -out " +
            TempPath(name));
    }
  }
  static void Make(const std::string& name, const std::string& options) {
    Shell("openssl req -new -newkey ed25519 -nodes -subj /CN=" + name +
          " -addext basicConstraints=critical,CA:TRUE -addext "
          "keyUsage=critical,keyCertSign -keyout " +
          TempPath(name) + ".key " + options);
  }
  static std::string Der(const std::string& name) {
    return Shell("openssl x509 -outform DER -in " + TempPath(name));
  }
};

TEST_F(ParseIssuerChainTest, TakesAChainWithAndWithoutItsRoot) {
  EXPECT_THAT(ParseIssuerChain({Der("lower")}), IsOk());
  EXPECT_THAT(ParseIssuerChain({Der("lower"), Der("upper")}), IsOk());
  EXPECT_THAT(ParseIssuerChain({Der("lower"), Der("upper"), Der("root")}),
              IsOk());
}

TEST_F(ParseIssuerChainTest, TheRootIsTheOneThatItsOwnKeySigned) {
  const auto chain =
      ParseIssuerChain({Der("lower"), Der("upper"), Der("root")});
  ASSERT_THAT(chain, IsOk());
  EXPECT_FALSE(IsRoot(chain->at(0)));
  EXPECT_FALSE(IsRoot(chain->at(1)));
  EXPECT_TRUE(IsRoot(chain->at(2)));
}

// A new key of an old name, that the old one certifies, is no root.
TEST_F(ParseIssuerChainTest, SelfIssuedIsNotSelfSigned) {
  Shell(
      "openssl req -new -newkey ed25519 -nodes -subj /CN=root -addext "
      "basicConstraints=critical,CA:TRUE -keyout " +
      TempPath("link") + ".key -out " + TempPath("csr") +
      " && openssl x509 -req -copy_extensions copy -in " + TempPath("csr") +
      " -CA " + TempPath("root") + " -CAkey " + TempPath("root") +
      ".key -out " + TempPath("link"));
  const std::string der = Der("link");
  const auto link = x509::Certificate::Parse(base::AsBytes(der));
  ASSERT_THAT(link, IsOk());
  EXPECT_FALSE(IsRoot(*link));
}

TEST_F(ParseIssuerChainTest, NamesTheCertificateThatDoesNotFit) {
  EXPECT_THAT(ParseIssuerChain({Der("lower"), Der("root")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "certificate 1: was not issued by the one behind it"));
  EXPECT_THAT(ParseIssuerChain({Der("lower"), Der("upper"), Der("lower")}),
              StatusIs(absl::StatusCode::kInvalidArgument, "certificate 2"));
  EXPECT_THAT(ParseIssuerChain({"hello"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "certificate 1"));
  EXPECT_THAT(ParseIssuerChain({Der("lower"), "hello"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "certificate 2"));
}

}  // namespace
}  // namespace chancery::signer
