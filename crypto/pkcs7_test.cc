#include "crypto/pkcs7.h"

#include <string>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Shell;
using testing::TempPath;
using testing::WriteTemp;

class Pkcs7Test : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"b", "a"}) {
      Shell(std::string("openssl req -x509 -newkey ed25519 -nodes -subj /CN=") +
            name + " -keyout " + TempPath(std::string(name) + ".key") +
            " -out " + TempPath(name));
    }
    der_b_ = Shell("openssl x509 -outform DER -in " + TempPath("b"));
    der_a_ = Shell("openssl x509 -outform DER -in " + TempPath("a"));
  }
  static absl::StatusOr<std::vector<std::string>> Read(
      const std::string& file) {
    return ReadPkcs7(AsBytes(file));
  }

  static inline std::string der_a_, der_b_;
};

TEST_F(Pkcs7Test, OpenSslReadsItInOrder) {
  const std::string file = WriteTemp("p7", EncodePkcs7({der_b_, der_a_}));
  EXPECT_EQ(Shell("openssl pkcs7 -inform DER -print_certs -in " + file +
                  " | grep -v '^subject\\|^issuer\\|^$'"),
            Shell("cat " + TempPath("b") + " " + TempPath("a")));
}

TEST_F(Pkcs7Test, ReadsWhatOpenSslWrites) {
  const std::string made =
      Shell("openssl crl2pkcs7 -nocrl -outform DER -certfile " + TempPath("b") +
            " -certfile " + TempPath("a"));
  const auto read = Read(made);
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, ElementsAre(der_b_, der_a_));
}

TEST_F(Pkcs7Test, ReadsASignedMessageInBer) {
  const std::string data = WriteTemp("data", "hello");
  Shell("openssl genrsa -out " + TempPath("rsa") + " 2048");
  Shell("openssl req -x509 -subj /CN=rsa -key " + TempPath("rsa") + " -out " +
        TempPath("rsa.pem"));
  // -stream: indefinite lengths.
  const std::string made =
      Shell("openssl smime -sign -stream -nodetach -outform DER -in " + data +
            " -signer " + TempPath("rsa.pem") + " -inkey " + TempPath("rsa"));
  ASSERT_EQ(made.substr(0, 2), "\x30\x80");
  const auto read = Read(made);
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, ElementsAre(Shell("openssl x509 -outform DER -in " +
                                       TempPath("rsa.pem"))));
}

TEST_F(Pkcs7Test, MayHoldNone) {
  const auto read = Read(EncodePkcs7({}));
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, IsEmpty());
}

TEST_F(Pkcs7Test, RefusesWhatIsNone) {
  const std::string file = EncodePkcs7({der_a_});
  for (const std::string& wrong :
       {std::string(), std::string("hello"), file + "x",
        file.substr(0, file.size() - 1), der_a_}) {
    EXPECT_THAT(Read(wrong),
                StatusIs(absl::StatusCode::kInvalidArgument, "PKCS #7"));
  }
  const std::string data = WriteTemp("data", "hello");
  EXPECT_THAT(Read(Shell("openssl smime -encrypt -outform DER -in " + data +
                         " " + TempPath("rsa.pem"))),
              StatusIs(absl::StatusCode::kInvalidArgument, "not SignedData"));
}

}  // namespace
}  // namespace chancery::crypto
