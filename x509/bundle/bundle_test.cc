#include "x509/bundle/bundle.h"

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

using base::AsBytes;
using base::Secret;
using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BundleTest : public ::testing::Test {
 protected:
  // Two certificates, their keys, and a file with both certificates.
  static void SetUpTestSuite() {
    for (const char* name : {"a", "b"}) {
      Shell(
          "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
          "-nodes -subj /CN=" +
          std::string(name) + " -keyout " +
          TempPath(std::string(name) + ".key") + " -out " + TempPath(name));
    }
    Shell("cat " + TempPath("a") + " " + TempPath("b") + " > " +
          TempPath("both"));
  }

  static std::string Der(const std::string& name) {
    return Shell("openssl x509 -outform DER -in " + TempPath(name));
  }
  absl::StatusOr<Bundle> Read(const std::string& file,
                              const Secret* password = nullptr) {
    return ReadBundle(AsBytes(file), password);
  }
  // How many certificates, "+key", or the error.
  std::string Summary(const std::string& file) {
    const auto read = Read(file, &password_);
    if (!read.ok()) return std::string(read.status().message());
    return std::to_string(read->certificates.size()) +
           (read->key.has_value() ? "+key" : "");
  }

  const Secret password_{std::string("x")};
};

TEST_F(BundleTest, ReadsPemWithTextAroundIt) {
  const auto read = Read("# our CAs\n\xff\n" +
                         Shell("openssl x509 -text -in " + TempPath("a")) +
                         "and\r\n" + Shell("cat " + TempPath("b")) + "bye");
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(read->certificates, ElementsAre(Der("a"), Der("b")));
  EXPECT_FALSE(read->key.has_value());
}

TEST_F(BundleTest, KnowsEachFormatByItsContent) {
  const std::string both = TempPath("both"), a = TempPath("a");
  const std::string export_p12 = "openssl pkcs12 -export -passout pass:x -in " +
                                 a + " -inkey " + a + ".key";
  const std::string p7 = "openssl crl2pkcs7 -nocrl -certfile " + both;
  const std::string key = "openssl pkcs8 -topk8 -in " + a + ".key";
  for (const auto& [command, summary] :
       std::vector<std::pair<std::string, const char*>>{
           {"cat " + both, "2"},
           {"cat " + a + " " + a + ".key", "1+key"},
           {"openssl x509 -outform DER -in " + a, "1"},
           {"openssl x509 -trustout -addtrust serverAuth -in " + a, "1"},
           {p7, "2"},
           {p7 + " -outform DER", "2"},
           {export_p12, "1+key"},
           {key + " -nocrypt", "0+key"},
           {key + " -nocrypt -outform DER", "0+key"},
           {key + " -passout pass:x", "0+key"},
           {key + " -passout pass:x -outform DER", "0+key"},
           {"openssl ec -in " + a + ".key", "0+key"},
           {"openssl ec -outform DER -in " + a + ".key", "0+key"},
           {"openssl genrsa 2048 | openssl rsa -traditional -outform DER",
            "0+key"},
           {"certtool --to-p12 --outfile /dev/stdout --load-certificate " + a +
                " --load-privkey " + a + ".key --password x --p12-name n",
            "1+key"}}) {
    EXPECT_EQ(Summary(Shell(command)), summary) << command;
  }
}

TEST_F(BundleTest, SaysWhatIsWrong) {
  const std::string pem = Shell("cat " + TempPath("a"));
  for (const auto& [file, message] :
       std::vector<std::pair<std::string, const char*>>{
           {"", "neither PEM nor"},
           {"hello", "neither PEM nor"},
           {"-----BEGIN X-----\nAAAA\n-----END X-----\n",
            "neither a certificate nor a private key"},
           {pem + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE"
                  "-----\n",
            "certificate 2: not a certificate"},
           {pem.substr(0, pem.size() - 40), "PEM: CERTIFICATE"},
           {Der("a") + "x", "certificate 1: not a certificate"},
           {std::string("\x30\x03\x02\x01\x03", 5), "PKCS #12: file"},
           {std::string("\x30\x03\x06\x01\x2a", 5), "PKCS #7"},
           {Shell("cat " + TempPath("a.key") + " " + TempPath("b.key")),
            "holds 2 private keys"}}) {
    EXPECT_THAT(Read(file, &password_),
                StatusIs(absl::StatusCode::kInvalidArgument, message));
  }
}

TEST_F(BundleTest, AddsEachCertificateOnceAndOneKey) {
  auto bundle = Read(Shell("cat " + TempPath("a") + " " + TempPath("a.key")));
  ASSERT_THAT(bundle, IsOk());
  auto both = Read(Shell("cat " + TempPath("both")));
  ASSERT_THAT(both, IsOk());
  EXPECT_THAT(AddToBundle(*std::move(both), *bundle), IsOk());
  EXPECT_THAT(bundle->certificates, ElementsAre(Der("a"), Der("b")));
  auto key = Read(Shell("cat " + TempPath("b.key")));
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(AddToBundle(*std::move(key), *bundle),
              StatusIs(absl::StatusCode::kInvalidArgument, "second private"));
}

// Version 1, DSA, RSA of 1,024 bits with SHA-1: people still have them.
TEST_F(BundleTest, TakesOldCertificates) {
  Shell("openssl dsaparam -genkey -out " + TempPath("dsa.key") + " 1024");
  const std::string dsa = Shell("openssl req -x509 -sha1 -subj /CN=dsa -key " +
                                TempPath("dsa.key"));
  Shell("openssl req -new -newkey rsa:1024 -nodes -subj /CN=v1 -keyout " +
        TempPath("v1.key") + " -out " + TempPath("v1.csr"));
  const std::string v1 =
      Shell("openssl x509 -req -sha1 -in " + TempPath("v1.csr") + " -signkey " +
            TempPath("v1.key"));
  EXPECT_EQ(Summary(dsa + v1), "2");
}

}  // namespace
}  // namespace chancery::x509
