// The command on what OpenSSL made. tests/interop/formats_test.py has the other
// implementations.
#include <sys/stat.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chancery/run.h"

namespace chancery::cli {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConvertCommandTest : public ::testing::Test {
 protected:
  // root > leaf, the leaf with its key.
  static void SetUpTestSuite() {
    Shell("openssl req -x509 -newkey ed25519 -nodes -subj /CN=root -keyout " +
          TempPath("root.key") + " -out " + TempPath("root.pem"));
    Shell("openssl req -new -newkey ed25519 -nodes -subj /CN=leaf -keyout " +
          TempPath("leaf.key") + " | openssl x509 -req -CA " +
          TempPath("root.pem") + " -CAkey " + TempPath("root.key") + " -out " +
          TempPath("leaf.pem"));
    Shell("chmod 0600 " + TempPath("leaf.key"));
    WriteTemp("password", "sesame\n");
  }
  ConvertCommandTest() {
    std::filesystem::remove_all(TempPath("out"));
    std::filesystem::create_directory(TempPath("out"));
  }

  int Convert(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    out_.str("");
    err_.str("");
    return cli::Run(arguments, out_, err_);
  }
  static std::string Out(const std::string& name) {
    return TempPath("out/" + name);
  }
  static int ModeOf(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : -1;
  }
  static size_t FilesWritten() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& file :
         std::filesystem::directory_iterator(TempPath("out"))) {
      ++count;
    }
    return count;
  }

  const std::string root_ = TempPath("root.pem"), leaf_ = TempPath("leaf.pem"),
                    key_ = TempPath("leaf.key"),
                    password_ = "file:" + TempPath("password");
  std::ostringstream out_, err_;
};

TEST_F(ConvertCommandTest, GoesThroughEachFormatAndComesBackTheSame) {
  ASSERT_EQ(
      Convert({root_, leaf_, "--key", key_, "--to", "pkcs12", "--out",
               Out("a.p12"), "--out-password", password_, "--name", "www"}),
      0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("2 certificates and a private key"));
  EXPECT_EQ(ModeOf(Out("a.p12")), 0600);
  ASSERT_EQ(Convert({Out("a.p12"), "--in-password", password_, "--to", "pkcs7",
                     "--out", Out("a.p7"), "--key-out", Out("a.key"),
                     "--out-password", password_, "--kdf", "scrypt"}),
            0)
      << err_.str();
  EXPECT_EQ(ModeOf(Out("a.p7")), 0644);
  EXPECT_EQ(ModeOf(Out("a.key")), 0600);
  EXPECT_THAT(Shell("cat " + Out("a.key")),
              HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  ASSERT_EQ(Convert({Out("a.p7"), "--to", "pkcs7-der", "--out", Out("a.p7b")}),
            0)
      << err_.str();
  ASSERT_EQ(Convert({Out("a.p7b"), "--to", "pem", "--out", Out("a.pem")}), 0)
      << err_.str();
  EXPECT_EQ(Shell("cat " + Out("a.pem")), Shell("cat " + leaf_ + " " + root_));
  ASSERT_EQ(Convert({Out("a.key"), "--in-password", password_, "--to",
                     "pkcs8-der", "--no-encryption", "--out", Out("b.key")}),
            0)
      << err_.str();
  ASSERT_EQ(Convert({Out("b.key"), "--to", "pkcs8", "--no-encryption", "--out",
                     Out("c.key")}),
            0)
      << err_.str();
  EXPECT_EQ(Shell("cat " + Out("c.key")), Shell("cat " + key_));
  ASSERT_EQ(
      Convert({Out("a.pem"), "--leaf", "--to", "der", "--out", Out("a.der")}),
      0)
      << err_.str();
  EXPECT_EQ(Shell("openssl x509 -inform DER -in " + Out("a.der")),
            Shell("cat " + leaf_));
}

TEST_F(ConvertCommandTest, OverwritesOnlyWithForce) {
  const std::vector<std::string> pem = {leaf_, "--to", "pem", "--out",
                                        WriteTemp("out/x.pem", "mine")};
  EXPECT_EQ(Convert(pem), 1);
  EXPECT_THAT(err_.str(), HasSubstr("is there already"));
  EXPECT_EQ(Shell("cat " + Out("x.pem")), "mine");
  std::vector<std::string> forced = pem;
  forced.push_back("--force");
  EXPECT_EQ(Convert(forced), 0) << err_.str();
  EXPECT_EQ(Shell("cat " + Out("x.pem")), Shell("cat " + leaf_));
  // Nor is a key's, and then nothing is written.
  EXPECT_EQ(
      Convert({leaf_, key_, "--to", "pem", "--out", Out("y.pem"), "--key-out",
               WriteTemp("out/y.key", "mine"), "--no-encryption"}),
      1);
  EXPECT_EQ(ModeOf(Out("y.pem")), -1);
}

TEST_F(ConvertCommandTest, LeavesNothingBehindWhenSomethingIsWrong) {
  const auto fails = [&](std::vector<std::string> arguments,
                         const std::string& says) {
    EXPECT_EQ(Convert(std::move(arguments)), 1);
    EXPECT_THAT(err_.str(), HasSubstr(says));
    EXPECT_EQ(FilesWritten(), 0u);
  };
  const std::string out = Out("x");
  fails({TempPath("none"), "--to", "pem", "--out", out}, "none");
  fails({WriteTemp("text", "hello"), "--to", "pem", "--out", out},
        "text: neither PEM nor");
  fails({root_, leaf_, "--to", "der", "--out", out}, "--leaf");
  fails({key_, "--to", "pem", "--out", out}, "no certificate to write");
  fails({leaf_, "--to", "pkcs8", "--no-encryption", "--out", out},
        "no private key to write");
  fails({root_, "--key", key_, "--to", "pkcs12", "--out-password", password_,
         "--out", out},
        "belongs to none of the 1 certificates");
  fails({leaf_, "--key", root_, "--to", "pem", "--out", out},
        "holds no private key");
  fails({leaf_, key_, "--key", key_, "--to", "pem", "--out", out}, "already");
  fails({leaf_, key_, "--to", "pem", "--out", Out("none/x"), "--key-out",
         Out("x.key"), "--no-encryption"},
        "none/x");
  fails({leaf_, "--to", "pem", "--key-out", Out("x.key"), "--no-encryption",
         "--out", out},
        "--key-out: there is no private key");
}

TEST_F(ConvertCommandTest, RefusesAKeyInTheClearThatOthersMayRead) {
  const std::string open = WriteTemp("open.key", Shell("cat " + key_), 0644);
  EXPECT_EQ(Convert({leaf_, "--key", open, "--to", "pem", "--out", Out("x")}),
            1);
  EXPECT_THAT(err_.str(), HasSubstr("mode 0644"));
  const std::string locked = WriteTemp(
      "locked.key",
      Shell("openssl pkcs8 -topk8 -passout pass:sesame -in " + key_), 0644);
  EXPECT_EQ(Convert({leaf_, "--key", locked, "--to", "pem", "--out", Out("x")}),
            1);
  EXPECT_THAT(err_.str(), HasSubstr("--in-password"));
  EXPECT_EQ(Convert({leaf_, "--key", locked, "--in-password", password_, "--to",
                     "pem", "--out", Out("x")}),
            0);
  EXPECT_THAT(err_.str(), HasSubstr("The private key is left out"));
}

}  // namespace
}  // namespace chancery::cli
