#include "crypto/software_key.h"

#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

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
using testing::Succeeds;
using testing::TempPath;
using testing::WriteTemp;

struct Case {
  const char* name;
  KeySpec spec;
  const char* genpkey;
  const char* verify;  // `openssl` command; %s: public key, message, signature.
};

const Case kCases[] = {
    {"P256",
     {KeyType::kEcP256},
     "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
     "dgst -sha256"},
    {"P384",
     {KeyType::kEcP384},
     "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
     "dgst -sha384"},
    {"Rsa2048",
     {KeyType::kRsa, 2048},
     "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
     "dgst -sha256"},
    {"Ed25519", {KeyType::kEd25519}, "-algorithm ED25519", ""},
};

class SoftwareKeyTest : public ::testing::TestWithParam<Case> {
 protected:
  // Whether the openssl command verifies `signature` under `key`.
  bool OpenSslVerifies(const PublicKey& key, const std::string& message,
                       const std::string& signature) {
    const std::string spki = WriteTemp("spki.der", base::ToString(key.spki()));
    const std::string in = WriteTemp("message", message);
    const std::string sig = WriteTemp("signature", signature);
    if (GetParam().spec.type == KeyType::kEd25519) {
      return Succeeds(
          "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey " + spki +
          " -in " + in + " -sigfile " + sig);
    }
    return Succeeds(std::string("openssl ") + GetParam().verify +
                    " -keyform DER -verify " + spki + " -signature " + sig +
                    " " + in);
  }
};

TEST_P(SoftwareKeyTest, SignsWhatOpenSslVerifies) {
  const auto key = GenerateKey(GetParam().spec);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ((*key)->public_key().type(), GetParam().spec.type);
  const std::string message = "to be signed";
  const auto signature = (*key)->Sign(AsBytes(message));
  ASSERT_THAT(signature, IsOk());
  EXPECT_TRUE(OpenSslVerifies((*key)->public_key(), message, *signature));
  EXPECT_FALSE(OpenSslVerifies((*key)->public_key(), "other", *signature));
}

TEST_P(SoftwareKeyTest, ReadsEachFormThatOpenSslWrites) {
  const std::string path = TempPath("key.pem");
  Shell(std::string("openssl genpkey -out ") + path + " " + GetParam().genpkey);
  const std::string spki =
      Shell("openssl pkey -pubout -outform DER -in " + path);
  std::vector<std::string> commands = {
      "cat ",
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:word -in ",
      "openssl pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA512 -passout "
      "pass:word -in ",
      "openssl pkcs8 -topk8 -scrypt -passout pass:word -in ",
  };
  if (GetParam().spec.type != KeyType::kEd25519) {
    commands.push_back("openssl pkey -traditional -in ");
    commands.push_back(
        "openssl pkey -traditional -aes256 -passout pass:word -in ");
  }
  const Secret word(std::string("word"));
  for (const std::string& command : commands) {
    SCOPED_TRACE(command);
    const std::string pem = Shell(command + path);
    const auto key = ParsePrivateKeyPem(AsBytes(pem), &word);
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(base::ToString((*key)->public_key().spki()), spki);
    const auto signature = (*key)->Sign(AsBytes(pem));
    ASSERT_THAT(signature, IsOk());
    EXPECT_TRUE(OpenSslVerifies((*key)->public_key(), pem, *signature));
  }
}

TEST_P(SoftwareKeyTest, WritesPkcs8ThatOpenSslReads) {
  const auto key = GenerateKey(GetParam().spec);
  ASSERT_THAT(key, IsOk());
  const auto plain = EncodePkcs8Pem(**key, nullptr);
  ASSERT_THAT(plain, IsOk());
  const std::string spki = base::ToString((*key)->public_key().spki());
  std::string path = WriteTemp("plain.pem", std::string(plain->Reveal()));
  EXPECT_EQ(Shell("openssl pkey -pubout -outform DER -in " + path), spki);

  const Secret word(std::string("pass word"));
  const auto sealed = EncodePkcs8Pem(**key, &word);
  ASSERT_THAT(sealed, IsOk());
  path = WriteTemp("sealed.pem", std::string(sealed->Reveal()));
  EXPECT_EQ(Shell("openssl pkey -pubout -outform DER -passin 'pass:pass word' "
                  "-in " +
                  path),
            spki);
  EXPECT_FALSE(Succeeds("openssl pkey -passin pass:other -in " + path));
  EXPECT_THAT(ParsePrivateKeyPem(AsBytes(sealed->Reveal()), &word), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Types, SoftwareKeyTest, ::testing::ValuesIn(kCases),
                         [](const auto& param) {
                           return std::string(param.param.name);
                         });

TEST(SoftwareKeyThreadTest, SignsFromManyThreads) {
  const auto key = GenerateKey({KeyType::kEcP256});
  ASSERT_THAT(key, IsOk());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&key, t] {
      for (int i = 0; i < 150; ++i) {
        const std::string message = std::to_string(t) + "/" + std::to_string(i);
        const auto signature = (*key)->Sign(AsBytes(message));
        ASSERT_THAT(signature, IsOk());
        ASSERT_THAT(
            (*key)->public_key().Verify((*key)->algorithm(), AsBytes(message),
                                        AsBytes(*signature)),
            IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(GenerateKeyTest, RefusesWhatItCannotMakeOrShouldNot) {
  EXPECT_THAT(GenerateKey({KeyType::kRsa, 1024}),
              StatusIs(absl::StatusCode::kInvalidArgument, "2048"));
  EXPECT_THAT(GenerateKey({KeyType::kRsa}),
              StatusIs(absl::StatusCode::kInvalidArgument, "RSA bits = 0"));
  EXPECT_THAT(GenerateKey({KeyType::kRsa, 2049}),
              StatusIs(absl::StatusCode::kInvalidArgument, "multiple of 8"));
  EXPECT_THAT(GenerateKey({KeyType::kEcP256, 256}),
              StatusIs(absl::StatusCode::kInvalidArgument, "only RSA"));
  EXPECT_THAT(GenerateKey({KeyType::kEcP521}),
              StatusIs(absl::StatusCode::kUnimplemented, "P-521"));
}

class ParsePrivateKeyPemTest : public ::testing::Test {
 protected:
  // The status of parsing what `command` prints.
  absl::Status Parse(const std::string& command, const Secret* password) {
    const std::string pem = Shell(command);
    return ParsePrivateKeyPem(AsBytes(pem), password).status();
  }
  const Secret word_{std::string("word")};
  const std::string encrypted_ =
      "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
      "-aes-256-cbc -pass pass:right";
};

TEST_F(ParsePrivateKeyPemTest, SaysThatThePasswordIsWrongOrMissing) {
  EXPECT_THAT(Parse(encrypted_, &word_),
              StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
  EXPECT_THAT(
      Parse(encrypted_, nullptr),
      StatusIs(absl::StatusCode::kPermissionDenied, "no password was given"));
  const std::string traditional =
      "openssl genrsa -traditional -aes128 -passout pass:right 2048";
  EXPECT_THAT(Parse(traditional, &word_),
              StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
  EXPECT_THAT(
      Parse(traditional, nullptr),
      StatusIs(absl::StatusCode::kPermissionDenied, "no password was given"));
}

TEST_F(ParsePrivateKeyPemTest, SaysWhatElseIsThereInsteadOfAKey) {
  EXPECT_THAT(Parse("echo hello", nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, "no PEM block"));
  EXPECT_THAT(Parse("openssl genpkey -algorithm ED25519 | openssl pkey -pubout",
                    nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, "PUBLIC KEY"));
  EXPECT_THAT(
      Parse("printf -- '-----BEGIN PRIVATE KEY-----\\nMAA=\\n-----END PRIVATE "
            "KEY-----\\n'",
            nullptr),
      StatusIs(absl::StatusCode::kInvalidArgument, "malformed"));
  EXPECT_THAT(Parse("openssl genpkey -algorithm ED25519 | head -2", nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, "PEM"));
}

TEST_F(ParsePrivateKeyPemTest, RefusesOtherTypesAndWeakRsa) {
  EXPECT_THAT(Parse("openssl genrsa 1024", nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, "1024 bits"));
  EXPECT_THAT(Parse("openssl genpkey -algorithm ED448", nullptr),
              StatusIs(absl::StatusCode::kUnimplemented, "not supported"));
  EXPECT_THAT(Parse("openssl ecparam -name secp521r1 -genkey", nullptr),
              StatusIs(absl::StatusCode::kUnimplemented, "P-521"));
  EXPECT_THAT(Parse("openssl ecparam -name secp256k1 -genkey", nullptr),
              StatusIs(absl::StatusCode::kUnimplemented, "not supported"));
}

TEST_F(ParsePrivateKeyPemTest, PassesOverParametersAndCertificates) {
  EXPECT_THAT(Parse("openssl ecparam -name prime256v1 -genkey", nullptr),
              IsOk());
  const std::string path = TempPath("ca.pem");
  EXPECT_THAT(
      Parse("openssl req -x509 -newkey ed25519 -nodes -subj /CN=a -keyout " +
                path + " && cat " + path,
            nullptr),
      IsOk());
}

TEST_F(ParsePrivateKeyPemTest, ReadsCfsslsLabelForEd25519) {
  EXPECT_THAT(Parse("openssl genpkey -algorithm ED25519 | sed 's/PRIVATE/"
                    "Ed25519 PRIVATE/'",
                    nullptr),
              IsOk());
}

class LoadSoftwareKeyTest : public ::testing::Test {
 protected:
  const std::string pem_ = Shell("openssl genpkey -algorithm ED25519");
};

TEST_F(LoadSoftwareKeyTest, ReadsAFileThatOnlyItsOwnerMayRead) {
  EXPECT_THAT(LoadSoftwareKey(WriteTemp("key", pem_, 0600), nullptr), IsOk());
  EXPECT_THAT(LoadSoftwareKey(WriteTemp("key", pem_, 0400), nullptr), IsOk());
}

TEST_F(LoadSoftwareKeyTest, RefusesAFileThatOthersMayRead) {
  for (const int mode : {0640, 0604, 0644, 0620, 0660, 0601}) {
    SCOPED_TRACE(mode);
    EXPECT_THAT(LoadSoftwareKey(WriteTemp("key", pem_, mode), nullptr),
                StatusIs(absl::StatusCode::kFailedPrecondition, "chmod 0600"));
  }
}

TEST_F(LoadSoftwareKeyTest, NamesThePath) {
  EXPECT_THAT(LoadSoftwareKey(TempPath("absent"), nullptr),
              StatusIs(absl::StatusCode::kNotFound, "absent"));
  EXPECT_THAT(LoadSoftwareKey(WriteTemp("text", "hello"), nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, "text: not a"));
  EXPECT_THAT(LoadSoftwareKey(::testing::TempDir(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, "regular file"));
}

}  // namespace
}  // namespace chancery::crypto
