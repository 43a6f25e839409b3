// Against `openssl`: it reads what is written here, and the other way round.
#include "crypto/portable_key.h"

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::Secret;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::Shell;
using testing::TempPath;
using testing::WriteTemp;

const Secret& Password() {
  static const Secret password(std::string("päss word"));
  return password;
}

absl::StatusOr<PortableKey> Pem(const std::string& text,
                                const Secret* password = nullptr) {
  return PortableKey::FromPem(AsBytes(text), password);
}
absl::StatusOr<PortableKey> Der(const std::string& bytes,
                                const Secret* password = nullptr) {
  return PortableKey::FromDer(AsBytes(bytes), password);
}

struct Case {
  const char* name;
  const char* genpkey;
};

class PortableKeyTest : public ::testing::TestWithParam<Case> {
 protected:
  PortableKeyTest()
      : path_(TempPath("key")),
        password_file_(WriteTemp("password", "päss word\n")) {
    Shell(std::string("openssl genpkey ") + GetParam().genpkey + " -out " +
          path_);
    spki_ = Shell("openssl pkey -in " + path_ + " -pubout -outform DER");
  }

  std::string OpenSsl(const std::string& arguments) {
    return Shell("openssl " + arguments + " -in " + path_);
  }
  void ExpectSame(const absl::StatusOr<PortableKey>& key, bool encrypted) {
    ASSERT_THAT(key, IsOk());
    EXPECT_TRUE(key->Matches(AsBytes(spki_)));
    EXPECT_EQ(key->was_encrypted(), encrypted);
  }

  const std::string path_, password_file_;
  std::string spki_;
};

TEST_P(PortableKeyTest, ReadsEachFormThatOpenSslWrites) {
  ExpectSame(Pem(OpenSsl("pkcs8 -topk8 -nocrypt")), false);
  ExpectSame(Der(OpenSsl("pkcs8 -topk8 -nocrypt -outform DER")), false);
  const std::string locked = " -topk8 -passout file:" + password_file_;
  for (const char* how :
       {" -v2 aes256", " -scrypt", " -v2 des3 -v2prf hmacWithSHA1",
        " -v1 PBE-SHA1-3DES",
        " -v1 PBE-MD5-DES -provider default -provider "
        "legacy",
        " -v1 PBE-SHA1-RC2-40 -provider default -provider legacy"}) {
    SCOPED_TRACE(how);
    ExpectSame(Pem(OpenSsl("pkcs8" + locked + how), &Password()), true);
    ExpectSame(Der(OpenSsl("pkcs8 -outform DER" + locked + how), &Password()),
               true);
  }
}

TEST_P(PortableKeyTest, OpenSslReadsEachFormThatItWrites) {
  const auto key = Pem(OpenSsl("pkey"));
  ASSERT_THAT(key, IsOk());
  using Derivation = Pkcs8Form::Derivation;
  for (const auto& [form, password] :
       {std::pair(Pkcs8Form{.der = false}, static_cast<const Secret*>(nullptr)),
        std::pair(Pkcs8Form{.der = true}, static_cast<const Secret*>(nullptr)),
        std::pair(Pkcs8Form{.derivation = Derivation::kPbkdf2}, &Password()),
        std::pair(Pkcs8Form{.der = true, .derivation = Derivation::kScrypt},
                  &Password())}) {
    const auto written = key->Encode(form, password);
    ASSERT_THAT(written, IsOk());
    const std::string file =
        WriteTemp("written", std::string(written->Reveal()));
    EXPECT_EQ(
        Shell("openssl pkey -pubout -outform DER -in " + file + " -inform " +
              (form.der ? "DER" : "PEM") + " -passin file:" + password_file_),
        spki_);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, PortableKeyTest,
    ::testing::Values(
        Case{"P256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"},
        Case{"P521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"},
        Case{"Rsa2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"},
        Case{"Rsa1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"},
        Case{"Ed25519", "-algorithm ED25519"}),
    [](const auto& info) { return info.param.name; });

class PortableKeyFileTest : public ::testing::Test {
 protected:
  PortableKeyFileTest() {
    Shell(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
        " -out " +
        path_);
    spki_ = Shell("openssl pkey -in " + path_ + " -pubout -outform DER");
  }
  const std::string path_ = TempPath("key");
  std::string spki_;
};

TEST_F(PortableKeyFileTest, ReadsTheTraditionalForms) {
  const std::string rsa = TempPath("rsa");
  Shell("openssl genrsa -traditional -out " + rsa + " 2048");
  for (const std::string& traditional :
       {Shell("openssl ec -in " + path_), Shell("cat " + rsa)}) {
    EXPECT_THAT(Pem(traditional), IsOk()) << traditional;
  }
  for (const std::string& traditional :
       {Shell("openssl ec -outform DER -in " + path_),
        Shell("openssl rsa -traditional -outform DER -in " + rsa)}) {
    EXPECT_THAT(Der(traditional), IsOk());
  }
  const std::string locked =
      Shell("openssl ec -aes128 -passout 'pass:päss word' -in " + path_);
  EXPECT_THAT(Pem(locked), StatusIs(absl::StatusCode::kPermissionDenied,
                                    "no password was given"));
  const auto key = Pem(locked, &Password());
  ASSERT_THAT(key, IsOk());
  EXPECT_TRUE(key->was_encrypted());
}

TEST_F(PortableKeyFileTest, MatchesACompressedPoint) {
  const auto key = Pem(Shell("cat " + path_));
  ASSERT_THAT(key, IsOk());
  const std::string compressed = Shell(
      "openssl ec -pubout -conv_form compressed -outform DER -in " + path_);
  EXPECT_NE(compressed, spki_);
  EXPECT_TRUE(key->Matches(AsBytes(compressed)));
  const std::string other = Shell(
      "openssl genpkey -algorithm ED25519 | openssl pkey -pubout -outform DER");
  EXPECT_FALSE(key->Matches(AsBytes(other)));
  EXPECT_FALSE(key->Matches({}));
}

TEST_F(PortableKeyFileTest, FindsItAmongTextAndOtherBlocks) {
  const std::string certificate =
      Shell("openssl req -x509 -subj /CN=a -key " + path_);
  const std::string pem = Shell("cat " + path_);
  EXPECT_THAT(Pem("Bag Attributes\n" + certificate + "a key:\n" + pem), IsOk());
  EXPECT_THAT(Pem(certificate), StatusIs(absl::StatusCode::kInvalidArgument,
                                         "blocks: CERTIFICATE"));
  EXPECT_THAT(Pem(pem + pem), StatusIs(absl::StatusCode::kInvalidArgument,
                                       "holds 2 private keys"));
}

TEST_F(PortableKeyFileTest, RefusesOtherTypesAndSizes) {
  EXPECT_THAT(Pem(Shell("openssl genrsa 512")),
              StatusIs(absl::StatusCode::kInvalidArgument, "RSA of 512 bits"));
  EXPECT_THAT(Pem(Shell("openssl genpkey -algorithm X25519")),
              StatusIs(absl::StatusCode::kUnimplemented, "not supported"));
}

TEST_F(PortableKeyFileTest, SaysWhenThePasswordIsWrong) {
  const std::string locked = Shell(
      "openssl pkcs8 -topk8 -passout pass:other "
      "-in " +
      path_);
  EXPECT_THAT(Pem(locked, &Password()),
              StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
  EXPECT_THAT(Pem(locked), StatusIs(absl::StatusCode::kPermissionDenied,
                                    "no password was given"));
}

// Each would take minutes or gigabytes.
TEST_F(PortableKeyFileTest, RefusesManyIterations) {
  const Secret x(std::string("x"));
  std::string locked = Shell(
      "openssl pkcs8 -topk8 -passout pass:x -outform DER -iter 65537 -in " +
      path_);
  EXPECT_THAT(Der(locked, &x), IsOk());
  EXPECT_THAT(PortableKey::FromDer(AsBytes(locked), &x, {.iterations = 65536}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "65537 iterations to derive a key: at most 65536"));
  // The count becomes 2^31 - 1, one octet longer in five nested lengths.
  const size_t at = locked.find(std::string("\x02\x03\x01\x00\x01", 5));
  ASSERT_EQ(at, 43u);
  locked.replace(at, 5, "\x02\x04\x7f\xff\xff\xff");
  for (const size_t length : {2, 4, 17, 19, 32}) ++locked[length];
  EXPECT_THAT(Der(locked, &x), StatusIs(absl::StatusCode::kInvalidArgument,
                                        "2147483647 iterations"));
}

TEST_F(PortableKeyFileTest, RefusesScryptThatNeedsMuchMemoryOrTime) {
  const Secret x(std::string("x"));
  std::string locked = Shell(
      "openssl pkcs8 -topk8 -passout pass:x -outform DER -scrypt -scrypt_N "
      "1024 -scrypt_r 8 -scrypt_p 1 -in " +
      path_);
  EXPECT_THAT(Der(locked, &x), IsOk());
  EXPECT_THAT(PortableKey::FromDer(AsBytes(locked), &x, {.iterations = 8191}),
              StatusIs(absl::StatusCode::kInvalidArgument, "8192 iterations"));
  const size_t at = locked.find(std::string("\x02\x02\x04\x00\x02\x01\x08", 7));
  ASSERT_NE(at, std::string::npos);
  locked.replace(at + 2, 2, "\x7f\xff");  // N.
  EXPECT_THAT(Der(locked, &x),
              StatusIs(absl::StatusCode::kInvalidArgument, "more than 32 MiB"));
}

}  // namespace
}  // namespace chancery::crypto
