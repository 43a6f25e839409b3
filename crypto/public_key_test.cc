#include "crypto/public_key.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::Shell;
using testing::TempPath;
using testing::WriteTemp;

struct Case {
  const char* name;
  const char* genpkey;  // Options of `openssl genpkey`.
  KeyType type;
  int bits;
  uint64_t exponent;
  SignatureAlgorithm algorithm;
  const char* sign;  // Options of `openssl pkeyutl` or `openssl dgst`.
};

constexpr char kPkeyutl[] = "pkeyutl -sign -rawin";

const Case kCases[] = {
    {"P256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", KeyType::kEcP256,
     256, 0, SignatureAlgorithm::kEcdsaSha256, "dgst -sha256"},
    {"P256Sha384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
     KeyType::kEcP256, 256, 0, SignatureAlgorithm::kEcdsaSha384,
     "dgst -sha384"},
    {"P384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", KeyType::kEcP384,
     384, 0, SignatureAlgorithm::kEcdsaSha384, "dgst -sha384"},
    {"P521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", KeyType::kEcP521,
     521, 0, SignatureAlgorithm::kEcdsaSha384, "dgst -sha384"},
    {"Rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", KeyType::kRsa, 2048,
     65537, SignatureAlgorithm::kRsaSha256, "dgst -sha256"},
    {"RsaSha384", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", KeyType::kRsa,
     2048, 65537, SignatureAlgorithm::kRsaSha384, "dgst -sha384"},
    {"RsaSha512", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", KeyType::kRsa,
     2048, 65537, SignatureAlgorithm::kRsaSha512, "dgst -sha512"},
    {"WeakRsa",
     "-algorithm RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt "
     "rsa_keygen_pubexp:3",
     KeyType::kRsa, 1024, 3, SignatureAlgorithm::kRsaSha256, "dgst -sha256"},
    {"Ed25519", "-algorithm ED25519", KeyType::kEd25519, 256, 0,
     SignatureAlgorithm::kEd25519, kPkeyutl},
};

class PublicKeyTest : public ::testing::TestWithParam<Case> {
 protected:
  PublicKeyTest()
      : key_path_(TempPath("key.pem")),
        message_path_(WriteTemp("message", message_)) {
    Shell(std::string("openssl genpkey -out ") + key_path_ + " " +
          GetParam().genpkey);
    spki_ = Shell("openssl pkey -pubout -outform DER -in " + key_path_);
  }

  std::string SignWithOpenSsl() const { return SignFile(message_path_); }

  std::string SignFile(const std::string& path) const {
    if (GetParam().sign == kPkeyutl) {
      return Shell(std::string("openssl ") + kPkeyutl + " -inkey " + key_path_ +
                   " -in " + path);
    }
    return Shell(std::string("openssl ") + GetParam().sign + " -sign " +
                 key_path_ + " " + path);
  }

  const std::string message_ = "what is signed";
  const std::string key_path_;
  const std::string message_path_;
  std::string spki_;
};

TEST_P(PublicKeyTest, ReadsWhatOpenSslWrote) {
  const auto key = PublicKey::FromSpki(AsBytes(spki_));
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(base::ToString(key->spki()), spki_);
  EXPECT_EQ(key->type(), GetParam().type);
  EXPECT_EQ(key->bits(), GetParam().bits);
  EXPECT_EQ(key->rsa_exponent(), GetParam().exponent);
}

TEST_P(PublicKeyTest, VerifiesWhatOpenSslSignedAndNothingElse) {
  const auto key = PublicKey::FromSpki(AsBytes(spki_));
  ASSERT_THAT(key, IsOk());
  const std::string signature = SignWithOpenSsl();
  const SignatureAlgorithm algorithm = GetParam().algorithm;
  EXPECT_THAT(key->Verify(algorithm, AsBytes(message_), AsBytes(signature)),
              IsOk());

  const std::string other = "what was signed";
  EXPECT_THAT(key->Verify(algorithm, AsBytes(other), AsBytes(signature)),
              StatusIs(absl::StatusCode::kInvalidArgument, "does not verify"));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string tampered = signature;
    tampered[i] ^= 1;
    EXPECT_FALSE(
        key->Verify(algorithm, AsBytes(message_), AsBytes(tampered)).ok())
        << "byte " << i;
  }
  for (const std::string& wrong :
       {std::string(), signature.substr(1), signature + '\0',
        signature.substr(0, signature.size() - 1), '\0' + signature}) {
    EXPECT_FALSE(
        key->Verify(algorithm, AsBytes(message_), AsBytes(wrong)).ok());
  }
  // Still good after failures with the same, reused context.
  EXPECT_THAT(key->Verify(algorithm, AsBytes(message_), AsBytes(signature)),
              IsOk());
}

TEST_P(PublicKeyTest, VerifiesInPieces) {
  const auto key = PublicKey::FromSpki(AsBytes(spki_));
  ASSERT_THAT(key, IsOk());
  const SignatureAlgorithm algorithm = GetParam().algorithm;
  std::string message;
  while (message.size() < (5u << 19)) message += "a long message";
  const std::string signature = SignFile(WriteTemp("long", message));
  std::string seen;
  const auto see = [&](base::Bytes piece) { seen += base::ToString(piece); };
  EXPECT_THAT(
      key->VerifyInPieces(algorithm, AsBytes(message), AsBytes(signature), see),
      IsOk());
  EXPECT_TRUE(seen == message);

  std::string tampered = message;
  tampered.back() ^= 1;
  EXPECT_THAT(key->VerifyInPieces(algorithm, AsBytes(tampered),
                                  AsBytes(signature), see),
              StatusIs(absl::StatusCode::kInvalidArgument, "does not verify"));
  EXPECT_FALSE(key->VerifyInPieces(algorithm, AsBytes(message),
                                   AsBytes(signature).subspan(1), see)
                   .ok());
  EXPECT_THAT(key->VerifyInPieces(algorithm == SignatureAlgorithm::kEd25519
                                      ? SignatureAlgorithm::kRsaSha256
                                      : SignatureAlgorithm::kEd25519,
                                  AsBytes(message), AsBytes(signature), see),
              StatusIs(absl::StatusCode::kInvalidArgument, "does not fit"));
}

TEST_P(PublicKeyTest, RefusesTruncatedAndPaddedEncodings) {
  for (size_t size = 0; size < spki_.size(); ++size) {
    const std::string cut = spki_.substr(0, size);
    EXPECT_FALSE(PublicKey::FromSpki(AsBytes(cut)).ok()) << size;
  }
  const std::string padded = spki_ + '\0';
  EXPECT_FALSE(PublicKey::FromSpki(AsBytes(padded)).ok());
}

INSTANTIATE_TEST_SUITE_P(Types, PublicKeyTest, ::testing::ValuesIn(kCases),
                         [](const auto& param) {
                           return std::string(param.param.name);
                         });

std::string Spki(const char* hex) {
  return base::FromHex(hex).value_or("not hex");
}

// The generator of P-256 (SP 800-186 section 3.2.1.3): 1 G.
constexpr char kGenerator[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

TEST(PublicKeyPointTest, TakesAPointOnTheCurve) {
  const std::string spki = Spki(kGenerator);
  const auto key = PublicKey::FromSpki(AsBytes(spki));
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(*key, *PublicKey::FromSpki(AsBytes(spki)));
}

TEST(PublicKeyPointTest, RefusesAPointOffTheCurve) {
  std::string spki = Spki(kGenerator);
  spki.back() ^= 1;
  EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
              StatusIs(absl::StatusCode::kInvalidArgument, "public key"));
}

TEST(PublicKeyPointTest, RefusesACoordinateThatIsNotBelowTheField) {
  std::string spki = Spki(kGenerator);
  spki.replace(27, 32, std::string(32, '\xff'));
  EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
              StatusIs(absl::StatusCode::kInvalidArgument, "public key"));
}

TEST(PublicKeyPointTest, RefusesInfinityAndCompressedPoints) {
  // 00: the point at infinity.
  std::string spki = Spki(
      "3019301306072a8648ce3d020106082a8648ce3d030107030200"
      "00");
  EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
              StatusIs(absl::StatusCode::kInvalidArgument, "of 1 bytes"));
  spki = Spki(
      "3039301306072a8648ce3d020106082a8648ce3d030107032200"
      "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
  EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
              StatusIs(absl::StatusCode::kInvalidArgument, "of 33 bytes"));
  // 06: the hybrid form, of the right size.
  spki = Spki(kGenerator);
  spki[26] = 0x06;
  EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
              StatusIs(absl::StatusCode::kInvalidArgument, "uncompressed"));
}

TEST(PublicKeyRsaTest, RefusesNumbersThatAreNotPositiveAndShortest) {
  for (const char* key : {
           "3006020100020103",        // n = 0.
           "3006020185020103",        // n < 0.
           "300702020005020103",      // n with a needless 00.
           "3006020105020100",        // e = 0.
           "3009020105020103020101",  // A third number.
       }) {
    SCOPED_TRACE(key);
    const std::string bits = Spki(key);
    std::string body = Spki("300d06092a864886f70d0101010500");
    body += '\x03';
    body += static_cast<char>(bits.size() + 1);
    body += '\0';
    body += bits;
    std::string spki = "\x30";
    spki += static_cast<char>(body.size());
    spki += body;
    EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
                StatusIs(absl::StatusCode::kInvalidArgument, "RSA"));
  }
}

TEST(PublicKeyOtherTest, NamesWhatItDoesNotSupport) {
  for (const char* genpkey :
       {"-algorithm ED448",
        "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt "
        "ec_param_enc:explicit"}) {
    SCOPED_TRACE(genpkey);
    const std::string path = TempPath("other.pem");
    Shell(std::string("openssl genpkey -out ") + path + " " + genpkey);
    const std::string spki =
        Shell("openssl pkey -pubout -outform DER -in " + path);
    EXPECT_THAT(PublicKey::FromSpki(AsBytes(spki)),
                StatusIs(absl::StatusCode::kUnimplemented, "not supported"));
  }
}

TEST(PublicKeyOtherTest, RefusesAnAlgorithmThatDoesNotFit) {
  const std::string spki = Spki(kGenerator);
  const auto key = PublicKey::FromSpki(AsBytes(spki));
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(key->Verify(SignatureAlgorithm::kRsaSha256, {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "does not fit"));
  EXPECT_THAT(key->Verify(SignatureAlgorithm::kEd25519, {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "EC P-256"));
}

// RFC 5280 section 4.2.1.2 method 1 is what `openssl req` puts into
// subjectKeyIdentifier.
TEST(PublicKeyHashTest, IsOpenSslsSubjectKeyIdentifier) {
  const std::string path = TempPath("ski.pem");
  const std::string certificate = TempPath("ski.crt");
  Shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-subj /CN=ski -addext subjectKeyIdentifier=hash -keyout " +
      path + " -out " + certificate);
  const std::string spki =
      Shell("openssl pkey -pubout -outform DER -in " + path);
  const auto key = PublicKey::FromSpki(AsBytes(spki));
  ASSERT_THAT(key, IsOk());
  std::string text =
      Shell("openssl x509 -noout -ext subjectKeyIdentifier -in " + certificate +
            " | tail -1 | tr -d ' :\\n' | tr A-F a-f");
  EXPECT_EQ(base::Hex(key->KeyHashSha1()), text);
  EXPECT_EQ(key->KeyHashSha256(), Sha256(key->spki().last(65)));
}

}  // namespace
}  // namespace chancery::crypto
