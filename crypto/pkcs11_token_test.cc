#include "crypto/pkcs11_token.h"

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/digest_signing.h"
#include "crypto/message_digest.h"
#include "crypto/pkcs11_module.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::kSoftHsmModule;
using testing::kSoftHsmPin;
using testing::Shell;
using testing::SoftHsm;
using testing::TempPath;

Pkcs11Uri Parse(const std::string& text) {
  const auto uri = ParsePkcs11Uri(text);
  EXPECT_THAT(uri, IsOk());
  return uri.value_or(Pkcs11Uri());
}

Pkcs11Uri KeyUri(const std::string& label) {
  return Parse(SoftHsm::Uri("t", ";object=" + label));
}

absl::StatusOr<std::shared_ptr<Pkcs11Token>> Open(
    const std::string& pin = kSoftHsmPin, int max_sessions = 16) {
  return Pkcs11Token::Open(Parse(SoftHsm::Uri("t")),
                           base::Secret(std::string(pin)),
                           {.max_sessions = max_sessions});
}

class Pkcs11TokenTest : public ::testing::Test {
 protected:
  Pkcs11TokenTest() { hsm_.AddToken("t"); }
  SoftHsm hsm_;
};

struct Case {
  const char* name;
  KeySpec spec;
  const char* genpkey;  // Options of `openssl genpkey`.
};

class Pkcs11KeyTest : public Pkcs11TokenTest,
                      public ::testing::WithParamInterface<Case> {};

TEST_P(Pkcs11KeyTest, SignsWithAKeyThatItGenerated) {
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  const auto generated = (*token)->GenerateKey(GetParam().spec, "k", "\x01");
  ASSERT_THAT(generated, IsOk());
  EXPECT_EQ(generated->type(), GetParam().spec.type);
  const auto key = (*token)->OpenKey(KeyUri("k"), *generated);
  ASSERT_THAT(key, IsOk());
  const std::string message = "to be signed";
  const auto signature = (*key)->Sign(AsBytes(message));
  ASSERT_THAT(signature, IsOk());
  EXPECT_THAT(generated->Verify((*key)->algorithm(), AsBytes(message),
                                AsBytes(*signature)),
              IsOk());
  // And what was hashed in pieces.
  DigestStream stream((*key)->algorithm());
  stream.Update(AsBytes(message).first(5));
  stream.Update(AsBytes(message).subspan(5));
  const auto of_digest = SignDigest(**key, stream.Finish());
  ASSERT_THAT(of_digest, IsOk());
  EXPECT_THAT(generated->Verify((*key)->algorithm(), AsBytes(message),
                                AsBytes(*of_digest)),
              IsOk());
}

// Makes a key with openssl, imports it as "k" with id 01 and returns its
// SubjectPublicKeyInfo.
std::string ImportKey(const std::string& genpkey) {
  const std::string path = TempPath("imported.pem");
  Shell("openssl genpkey -out " + path + " " + genpkey);
  SoftHsm::Import("t", path, "k", "01");
  return Shell("openssl pkey -pubout -outform DER -in " + path);
}

TEST_P(Pkcs11KeyTest, SignsWithAKeyThatAnotherProgramMade) {
  const std::string expected = ImportKey(GetParam().genpkey);
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  const auto key = (*token)->OpenKey(
      Parse(SoftHsm::Uri("t", ";object=k;id=%01")), std::nullopt);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(base::ToString((*key)->public_key().spki()), expected);
  for (int i = 0; i < 10; ++i) {
    const std::string message = std::to_string(i);
    EXPECT_THAT((*key)->Sign(AsBytes(message)), IsOk());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, Pkcs11KeyTest,
    ::testing::Values(Case{"P256",
                           {KeyType::kEcP256},
                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"},
                      Case{"P384",
                           {KeyType::kEcP384},
                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"},
                      Case{"Rsa2048",
                           {KeyType::kRsa, 2048},
                           "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(Pkcs11TokenTest, SignsWithEd25519WhereTheTokenCan) {
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  const auto generated =
      (*token)->GenerateKey({KeyType::kEd25519}, "k", "\x01");
  if (!generated.ok()) {
    // Debian's SoftHSM is built without it.
    EXPECT_THAT(generated, StatusIs(absl::StatusCode::kUnimplemented, "CKR_"));
    return;
  }
  const auto key = (*token)->OpenKey(KeyUri("k"), *generated);
  ASSERT_THAT(key, IsOk());
  const std::string message = "to be signed";
  EXPECT_THAT((*key)->Sign(AsBytes(message)), IsOk());
}

TEST_F(Pkcs11TokenTest, NamesTheTokenButNotTheWrongPin) {
  const auto token = Open("98765");
  EXPECT_THAT(token, StatusIs(absl::StatusCode::kPermissionDenied, "token=t"));
  EXPECT_EQ(token.status().message().find("98765"), absl::string_view::npos);
}

TEST_F(Pkcs11TokenTest, ListsTheTokensThatArePresent) {
  hsm_.AddToken("second");
  EXPECT_THAT(Pkcs11Token::Open(Parse(SoftHsm::Uri("absent")),
                                base::Secret(std::string(kSoftHsmPin)), {}),
              StatusIs(absl::StatusCode::kNotFound, "token=second;serial="));
  EXPECT_THAT(
      Pkcs11Token::Open(
          Parse(std::string("pkcs11:?module-path=") + kSoftHsmModule),
          base::Secret(std::string(kSoftHsmPin)), {}),
      StatusIs(absl::StatusCode::kFailedPrecondition, "2 tokens match"));
}

TEST_F(Pkcs11TokenTest, SaysWhatIsWrongWithTheModule) {
  for (const auto& [uri, code, text] : {
           std::tuple("pkcs11:token=t", absl::StatusCode::kInvalidArgument,
                      "absolute path"),
           std::tuple("pkcs11:token=t?module-path=/absent.so",
                      absl::StatusCode::kNotFound, "/absent.so"),
           std::tuple("pkcs11:token=t?module-path=/lib/x86_64-linux-gnu/"
                      "libcrypto.so.3",
                      absl::StatusCode::kFailedPrecondition,
                      "not a PKCS#11 module"),
       }) {
    EXPECT_THAT(Pkcs11Token::Open(Parse(uri),
                                  base::Secret(std::string(kSoftHsmPin)), {}),
                StatusIs(code, text));
  }
}

TEST_F(Pkcs11TokenTest, SaysThatTheKeyIsMissingOrNotNamed) {
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT((*token)->OpenKey(KeyUri("absent"), std::nullopt),
              StatusIs(absl::StatusCode::kNotFound, "label=absent"));
  EXPECT_THAT((*token)->OpenKey(Parse(SoftHsm::Uri("t")), std::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument, "names no key"));
}

TEST_F(Pkcs11TokenTest, RefusesAnotherKeyOfTheExpectedName) {
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  ASSERT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "k", "\x01"), IsOk());
  const auto other = GenerateKey({KeyType::kEcP256});
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(
      (*token)->OpenKey(KeyUri("k"), (*other)->public_key()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "not the expected one"));
}

TEST_F(Pkcs11TokenTest, RefusesToChooseBetweenKeysOfOneLabel) {
  for (const char* id : {"01", "02"}) {
    SoftHsm::Pkcs11Tool(
        "t", std::string("--keypairgen --key-type EC:prime256v1 --label k "
                         "--id ") +
                 id);
  }
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT((*token)->OpenKey(KeyUri("k"), std::nullopt),
              StatusIs(absl::StatusCode::kFailedPrecondition, "several"));
  EXPECT_THAT(
      (*token)->OpenKey(Parse(SoftHsm::Uri("t", ";id=%02")), std::nullopt),
      IsOk());
}

TEST_F(Pkcs11TokenTest, NeverGeneratesOverAnExistingKey) {
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  ASSERT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "k", "\x01"), IsOk());
  EXPECT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "k", "\x02"),
              StatusIs(absl::StatusCode::kAlreadyExists, "label=k"));
  EXPECT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "l", "\x01"),
              StatusIs(absl::StatusCode::kAlreadyExists, "id=01"));
  EXPECT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "l", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, "label and an id"));
}

// The token tells a public half that is not the private key's.
TEST_F(Pkcs11TokenTest, WithholdsASignatureThatDoesNotVerify) {
  SoftHsm::Pkcs11Tool(
      "t", "--keypairgen --key-type EC:prime256v1 --label k --id 01");
  SoftHsm::Pkcs11Tool("t", "--delete-object --type pubkey --id 01");
  const std::string other = TempPath("other.der");
  Shell(
      "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | "
      "openssl pkey -pubout -outform DER -out " +
      other);
  SoftHsm::Pkcs11Tool(
      "t", "--write-object " + other + " --type pubkey --label k --id 01");
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  const auto key = (*token)->OpenKey(KeyUri("k"), std::nullopt);
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT((*key)->Sign({}),
              StatusIs(absl::StatusCode::kDataLoss, "does not verify"));
}

TEST_F(Pkcs11TokenTest, TakesTheExpectedKeyWhereTheTokenTellsNone) {
  const std::string spki =
      ImportKey("-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  SoftHsm::Pkcs11Tool("t", "--delete-object --type pubkey --id 01");
  const auto token = Open();
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT((*token)->OpenKey(KeyUri("k"), std::nullopt),
              StatusIs(absl::StatusCode::kNotFound, "public half"));
  const auto expected = PublicKey::FromSpki(AsBytes(spki));
  ASSERT_THAT(expected, IsOk());
  const auto key = (*token)->OpenKey(KeyUri("k"), *expected);
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT((*key)->Sign({}), IsOk());
}

TEST_F(Pkcs11TokenTest, SignsFromMoreThreadsThanItHasSessions) {
  const auto token = Open(kSoftHsmPin, /*max_sessions=*/2);
  ASSERT_THAT(token, IsOk());
  ASSERT_THAT((*token)->GenerateKey({KeyType::kEcP256}, "k", "\x01"), IsOk());
  const auto key = (*token)->OpenKey(KeyUri("k"), std::nullopt);
  ASSERT_THAT(key, IsOk());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&key, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string message = std::to_string(t * 100 + i);
        ASSERT_THAT((*key)->Sign(AsBytes(message)), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Something else in the process takes the sessions away, as a token that was
// reset does.
class Pkcs11LossTest : public Pkcs11TokenTest {
 protected:
  void SetUp() override {
    const auto module = Pkcs11Module::Load(kSoftHsmModule);
    ASSERT_THAT(module, IsOk());
    module_ = *module;
    token_ = *Open();
    ASSERT_THAT(token_->GenerateKey({KeyType::kEcP256}, "k", "\x01"), IsOk());
    auto key = token_->OpenKey(KeyUri("k"), std::nullopt);
    ASSERT_THAT(key, IsOk());
    key_ = *std::move(key);
    ASSERT_THAT(key_->Sign({}), IsOk());
    const auto slot = module_->FindSlot(Parse(SoftHsm::Uri("t")));
    ASSERT_THAT(slot, IsOk());
    slot_ = slot->id;
  }

  std::shared_ptr<Pkcs11Module> module_;
  std::shared_ptr<Pkcs11Token> token_;
  std::unique_ptr<SigningKey> key_;
  CK_SLOT_ID slot_ = 0;
};

TEST_F(Pkcs11LossTest, SignsAgainAfterItsSessionsWereClosed) {
  ASSERT_EQ((*module_)->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
}

TEST_F(Pkcs11LossTest, SignsAgainAfterALogout) {
  CK_SESSION_HANDLE session;
  ASSERT_EQ((*module_)->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr,
                                      nullptr, &session),
            CKR_OK);
  ASSERT_EQ((*module_)->C_Logout(session), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
}

TEST_F(Pkcs11LossTest, SignsAgainAfterTheModuleWasFinalized) {
  ASSERT_EQ((*module_)->C_Finalize(nullptr), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
}

TEST_F(Pkcs11LossTest, SignsInAllThreadsWhileSessionsAreLost) {
  // SoftHSM frees a session that is closed although another thread is in the
  // middle of signing with it.
  std::shared_mutex sessions;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const std::shared_lock lock(sessions);
        // Twice in a row is more than Sign promises to bear.
        const absl::Status status = key_->Sign({}).status();
        ASSERT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    {
      const std::unique_lock lock(sessions);
      (*module_)->C_CloseAllSessions(slot_);
    }
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(key_->Sign({}), IsOk());
}

TEST_F(Pkcs11LossTest, SaysThatTheKeyIsGone) {
  SoftHsm::Pkcs11Tool("t", "--delete-object --type privkey --id 01");
  EXPECT_THAT(key_->Sign({}),
              StatusIs(absl::StatusCode::kUnavailable, "no private key"));
}

}  // namespace
}  // namespace chancery::crypto
