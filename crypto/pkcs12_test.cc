// Against `openssl pkcs12`: it reads what is written here, and the other way
// round. tests/interop/formats_test.py has GnuTLS, NSS and Java.
#include "crypto/pkcs12.h"

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::Secret;
using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Shell;
using testing::Succeeds;
using testing::TempPath;
using testing::WriteTemp;

constexpr char kLegacyProvider[] = " -provider default -provider legacy ";

class Pkcs12Test : public ::testing::Test {
 protected:
  // A root that issued a leaf, both with keys.
  static void SetUpTestSuite() {
    for (const char* name : {"root", "leaf"}) {
      Shell(
          "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
          "-out " +
          TempPath(std::string(name) + ".key"));
    }
    Shell("openssl req -x509 -subj /CN=root -key " + TempPath("root.key") +
          " -out " + TempPath("root.pem"));
    Shell("openssl req -new -subj /CN=leaf -key " + TempPath("leaf.key") +
          " | openssl x509 -req -CA " + TempPath("root.pem") + " -CAkey " +
          TempPath("root.key") + " -out " + TempPath("leaf.pem"));
    WriteTemp("password", "sésame\n");
  }

  static std::string Der(const std::string& name) {
    return Shell("openssl x509 -outform DER -in " + TempPath(name));
  }
  static Pkcs12 Whole() {
    const std::string pem = Shell("cat " + TempPath("leaf.key"));
    auto key = PortableKey::FromPem(AsBytes(pem), nullptr);
    EXPECT_THAT(key, IsOk());
    return {.key = *std::move(key),
            .certificates = {Der("leaf.pem"), Der("root.pem")},
            .friendly_name = "www ü"};
  }
  // What `openssl pkcs12 -export` makes with these options.
  static std::string Export(const std::string& options) {
    return Shell(
        "openssl pkcs12 -export -inkey " + TempPath("leaf.key") + " -in " +
        TempPath("leaf.pem") + " -certfile " + TempPath("root.pem") +
        " -name 'www ü' -passout file:" + TempPath("password") + " " + options);
  }
  static std::string OpenSslReads(const std::string& file,
                                  const std::string& options = "") {
    return Shell(
        "openssl pkcs12 -nodes -info -passin file:" + TempPath("password") +
        " -in " + WriteTemp("file.p12", file) + " " + options + " 2>&1");
  }
  void ExpectWhole(const absl::StatusOr<Pkcs12>& read) {
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->certificates, Whole().certificates);
    EXPECT_EQ(read->friendly_name, "www ü");
    ASSERT_TRUE(read->key.has_value());
    const std::string spki =
        Shell("openssl pkey -pubout -outform DER -in " + TempPath("leaf.key"));
    EXPECT_TRUE(read->key->Matches(AsBytes(spki)));
    EXPECT_TRUE(read->key->was_encrypted());
  }
  absl::StatusOr<Pkcs12> Read(const std::string& file,
                              const PasswordLimits& limits = {}) {
    return ReadPkcs12(AsBytes(file), &password_, limits);
  }

  const Secret password_{std::string("sésame")};
};

TEST_F(Pkcs12Test, OpenSslReadsTheModernForm) {
  const auto file = EncodePkcs12(Whole(), password_, Pkcs12Protection::kModern);
  ASSERT_THAT(file, IsOk());
  const std::string text = OpenSslReads(std::string(file->Reveal()));
  EXPECT_THAT(text, HasSubstr("MAC: sha256, Iteration 250000"));
  EXPECT_THAT(text, HasSubstr("PKCS7 Encrypted data: PBES2, PBKDF2, "
                              "AES-256-CBC, Iteration 250000, PRF "
                              "hmacWithSHA256"));
  EXPECT_THAT(text, HasSubstr("Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, "
                              "Iteration 250000, PRF hmacWithSHA256"));
  EXPECT_THAT(text, HasSubstr("friendlyName: www \xfc"));
  EXPECT_THAT(text, HasSubstr(Shell("cat " + TempPath("leaf.key"))));
  for (const char* name : {"leaf.pem", "root.pem"}) {
    EXPECT_THAT(text, HasSubstr(Shell("cat " + TempPath(name))));
  }
  ExpectWhole(Read(std::string(file->Reveal())));
}

TEST_F(Pkcs12Test, OpenSslReadsTheLegacyForm) {
  const auto file = EncodePkcs12(Whole(), password_, Pkcs12Protection::kLegacy);
  ASSERT_THAT(file, IsOk());
  const std::string text = OpenSslReads(std::string(file->Reveal()));
  EXPECT_THAT(text, HasSubstr("MAC: sha1, Iteration 2048"));
  EXPECT_THAT(text, HasSubstr("PKCS7 Encrypted data: "
                              "pbeWithSHA1And3-KeyTripleDES-CBC"));
  EXPECT_THAT(text,
              HasSubstr("Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC"));
  ExpectWhole(Read(std::string(file->Reveal())));
}

TEST_F(Pkcs12Test, ReadsEachFormThatOpenSslWrites) {
  for (const std::string& options :
       {std::string(), std::string("-legacy"),
        std::string("-certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC4-128 "
                    "-macalg sha1") +
            kLegacyProvider,
        std::string("-certpbe NONE -macalg sha512"), std::string("-nomac"),
        std::string("-noiter -nomaciter")}) {
    SCOPED_TRACE(options);
    ExpectWhole(Read(Export(options)));
  }
}

TEST_F(Pkcs12Test, ReadsAKeyThatIsNotLocked) {
  const auto read = Read(Export("-keypbe NONE"));
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->key->was_encrypted());
}

TEST_F(Pkcs12Test, WithoutAKeyItIsATrustStore) {
  const auto file = EncodePkcs12(
      {.certificates = {Der("root.pem")}, .friendly_name = "our root"},
      password_, Pkcs12Protection::kModern);
  ASSERT_THAT(file, IsOk());
  const std::string text = OpenSslReads(std::string(file->Reveal()));
  EXPECT_THAT(text, HasSubstr("friendlyName: our root"));
  EXPECT_THAT(text, HasSubstr("2.16.840.1.113894.746875.1.1: "));
  EXPECT_THAT(text, Not(HasSubstr("PRIVATE KEY")));
  const auto read = Read(std::string(file->Reveal()));
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->key.has_value());
  EXPECT_THAT(read->certificates, ::testing::ElementsAre(Der("root.pem")));
}

TEST_F(Pkcs12Test, SaysWhenThePasswordIsWrongOrMissing) {
  const std::string file = Export("");
  const Secret wrong(std::string("wrong"));
  EXPECT_THAT(ReadPkcs12(AsBytes(file), &wrong),
              StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
  EXPECT_THAT(ReadPkcs12(AsBytes(file), nullptr),
              StatusIs(absl::StatusCode::kPermissionDenied, "no password"));
  const std::string without_mac = Export("-nomac");
  EXPECT_THAT(ReadPkcs12(AsBytes(without_mac), &wrong),
              StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
}

TEST_F(Pkcs12Test, ReadsAFileUnderNoPassword) {
  const std::string file =
      Shell("openssl pkcs12 -export -inkey " + TempPath("leaf.key") + " -in " +
            TempPath("leaf.pem") + " -passout pass:");
  const auto read = ReadPkcs12(AsBytes(file), nullptr);
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->key.has_value());
}

TEST_F(Pkcs12Test, NoticesAChange) {
  std::string file = Export("");
  file[file.size() / 2] ^= 1;
  EXPECT_FALSE(Read(file).ok());
}

// MAC, certificates and key each cost 2,048 iterations.
TEST_F(Pkcs12Test, AddsUpWhatItCostsToOpen) {
  const std::string file = Export("");
  EXPECT_THAT(Read(file, {.iterations = 3 * 2048}), IsOk());
  EXPECT_THAT(Read(file, {.iterations = 3 * 2048 - 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "2048 iterations to derive a key: at most 2047"));
  EXPECT_THAT(Read(file, {.iterations = 2047}),
              StatusIs(absl::StatusCode::kInvalidArgument, "at most 2047"));
}

TEST_F(Pkcs12Test, RefusesWhatIsNone) {
  EXPECT_THAT(Read("hello"),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
  const std::string file = Export("");
  EXPECT_THAT(Read(file.substr(0, file.size() - 1)),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
  EXPECT_THAT(Read(file + "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
}

TEST_F(Pkcs12Test, WritesNothingThatDoesNotFitTogether) {
  Pkcs12 other = Whole();
  std::swap(other.certificates[0], other.certificates[1]);
  const auto encode = [&](const Pkcs12& contents, const char* password) {
    return EncodePkcs12(contents, Secret(std::string(password)),
                        Pkcs12Protection::kModern);
  };
  EXPECT_THAT(encode(other, "x"), StatusIs(absl::StatusCode::kInvalidArgument,
                                           "not the first certificate's"));
  EXPECT_THAT(encode(Whole(), ""), StatusIs(absl::StatusCode::kInvalidArgument,
                                            "password: must be"));
  EXPECT_THAT(encode(Whole(), "\xff"),
              StatusIs(absl::StatusCode::kInvalidArgument, "UTF-8"));
  EXPECT_THAT(encode({}, "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, "no certificate"));
  EXPECT_THAT(
      encode({.certificates = {"hello"}}, "x"),
      StatusIs(absl::StatusCode::kInvalidArgument, "not a certificate"));
}

}  // namespace
}  // namespace chancery::crypto
