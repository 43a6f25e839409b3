// What this system needs of a PKCS#11 module, asked of more than one: SoftHSM,
// or the token that the environment names (testing/with_opencryptoki). RSA
// only, which is what all of them can.
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/digest_signing.h"
#include "crypto/message_digest.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_token.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "crypto/token_facts.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::Shell;
using testing::TempPath;
using testing::WriteTemp;

std::string Environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

class Pkcs11ContractTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("TEST_PKCS11_MODULE") == nullptr) {
      soft_hsm_ = std::make_unique<testing::SoftHsm>();
      soft_hsm_->AddToken("t");
    }
    // A token that is not SoftHSM's keeps its keys from test to test.
    static int tests = 0;
    id_ = static_cast<char>(++tests);
    label_ = absl::StrCat("key", tests);
    token_ = Open(pin_);
    ASSERT_NE(token_, nullptr);
    const auto generated =
        token_->GenerateKey({KeyType::kRsa, 2048}, label_, id_);
    ASSERT_THAT(generated, IsOk());
    key_ = OpenKey();
    ASSERT_NE(key_, nullptr);
    ASSERT_TRUE(key_->public_key() == *generated);
  }

  Pkcs11Uri Uri(const std::string& rest = "") const {
    const auto uri = ParsePkcs11Uri(
        absl::StrCat("pkcs11:token=", name_, rest, "?module-path=", module_));
    EXPECT_THAT(uri, IsOk());
    return uri.value_or(Pkcs11Uri());
  }

  std::shared_ptr<Pkcs11Token> Open(const std::string& pin) const {
    auto token = Pkcs11Token::Open(Uri(), base::Secret(std::string(pin)), {});
    EXPECT_THAT(token, IsOk());
    return token.ok() ? *std::move(token) : nullptr;
  }

  std::unique_ptr<SigningKey> OpenKey() const {
    auto key = token_->OpenKey(Uri(";object=" + label_), std::nullopt);
    EXPECT_THAT(key, IsOk());
    return key.ok() ? *std::move(key) : nullptr;
  }

  // OpenSC's pkcs11-tool as another user of the token.
  std::string Pkcs11Tool(const std::string& arguments) const {
    return Shell(absl::StrCat("pkcs11-tool --module ", module_,
                              " --token-label ", name_, " --login --pin ", pin_,
                              " ", arguments));
  }

  const std::string module_ =
      Environment("TEST_PKCS11_MODULE", testing::kSoftHsmModule);
  const std::string name_ = Environment("TEST_PKCS11_TOKEN", "t");
  const std::string pin_ = Environment("TEST_PKCS11_PIN", testing::kSoftHsmPin);
  std::unique_ptr<testing::SoftHsm> soft_hsm_;
  std::string id_, label_;
  std::shared_ptr<Pkcs11Token> token_;
  std::unique_ptr<SigningKey> key_;
};

TEST_F(Pkcs11ContractTest, SignsWhatOpensslVerifiesUnderTheTokensKey) {
  const std::string message = "to be signed";
  const auto signature = key_->Sign(AsBytes(message));
  ASSERT_THAT(signature, IsOk());
  const std::string spki = TempPath("public.der");
  Pkcs11Tool(absl::StrCat("--read-object --type pubkey --label ", label_,
                          " --output-file ", spki));
  EXPECT_EQ(
      Shell(absl::StrCat("openssl dgst -sha256 -keyform DER -verify ", spki,
                         " -signature ", WriteTemp("signature", *signature),
                         " ", WriteTemp("message", message))),
      "Verified OK\n");
  EXPECT_EQ(Shell("openssl pkey -pubin -inform DER -outform DER -in " + spki),
            base::ToString(key_->public_key().spki()));
}

TEST_F(Pkcs11ContractTest, SignsADigest) {
  const std::string message = "to be signed";
  DigestStream stream(key_->algorithm());
  stream.Update(AsBytes(message));
  const auto signature = SignDigest(*key_, stream.Finish());
  ASSERT_THAT(signature, IsOk());
  EXPECT_THAT(key_->public_key().Verify(key_->algorithm(), AsBytes(message),
                                        AsBytes(*signature)),
              IsOk());
}

TEST_F(Pkcs11ContractTest, SignsWithAKeyThatAnotherProgramMade) {
  Pkcs11Tool("--keypairgen --key-type rsa:2048 --label other --id f0");
  const auto key = token_->OpenKey(Uri(";object=other;id=%f0"), std::nullopt);
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT((*key)->Sign({}), IsOk());
}

TEST_F(Pkcs11ContractTest, RefusesAnotherKeyOfTheExpectedName) {
  const auto other = GenerateKey({KeyType::kRsa, 2048});
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(
      token_->OpenKey(Uri(";object=" + label_), (*other)->public_key()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "not the expected one"));
}

TEST_F(Pkcs11ContractTest, NeverGeneratesOverAnExistingKey) {
  EXPECT_THAT(token_->GenerateKey({KeyType::kRsa, 2048}, label_, "\xf1"),
              StatusIs(absl::StatusCode::kAlreadyExists, label_));
  EXPECT_THAT(token_->GenerateKey({KeyType::kRsa, 2048}, "new", id_),
              StatusIs(absl::StatusCode::kAlreadyExists, "id="));
}

TEST_F(Pkcs11ContractTest, SaysThatTheTokenCannotMakeAKey) {
  const auto made = token_->GenerateKey({KeyType::kEd25519}, "ed", "\xf2");
  if (!made.ok()) {
    EXPECT_THAT(made, StatusIs(absl::StatusCode::kUnimplemented, "CKR_"));
  }
}

TEST_F(Pkcs11ContractTest, ListsAKeyUntilItIsDestroyed) {
  const auto listed = [&] {
    const auto keys = token_->ListKeys();
    EXPECT_THAT(keys, IsOk());
    int halves = 0;
    for (const TokenKey& one : *keys) {
      if (one.label != label_) continue;
      EXPECT_EQ(one.id, id_);
      halves += one.private_half + one.public_half;
    }
    return halves;
  };
  EXPECT_EQ(listed(), 2);
  const Pkcs11Uri name = Uri(absl::StrCat(";object=", label_));
  EXPECT_THAT(token_->DestroyHalfKey(name),
              StatusIs(absl::StatusCode::kFailedPrecondition, "both halves"));
  EXPECT_THAT(token_->DestroyKey(name, key_->public_key()), IsOk());
  EXPECT_EQ(listed(), 0);
  const std::string others = Pkcs11Tool("--list-objects");
  EXPECT_EQ(others.find(label_ + "\n"), std::string::npos) << others;
}

TEST_F(Pkcs11ContractTest, KeepsTheNewestDataOfALabel) {
  const auto kept = [&](const std::string& label) {
    const auto values = token_->ReadData(label);
    EXPECT_THAT(values, IsOk());
    return values.value_or(std::vector<std::string>());
  };
  using Values = std::vector<std::string>;
  EXPECT_EQ(kept("d1"), Values());
  const std::string binary("\0\1\xff", 3), longest(4096, 'x');
  const std::string too_long(4097, 'x');
  ASSERT_THAT(token_->ReplaceData("d2", AsBytes(longest)), IsOk());
  for (const std::string& value : {longest, binary}) {
    ASSERT_THAT(token_->ReplaceData("d1", AsBytes(value)), IsOk());
    EXPECT_EQ(kept("d1"), Values{value});
  }
  EXPECT_EQ(kept("d2"), Values{longest});
  EXPECT_THAT(token_->ReplaceData("d1", AsBytes(too_long)),
              StatusIs(absl::StatusCode::kInvalidArgument, "at most 4096"));
  const std::string path = TempPath("data");
  Pkcs11Tool(
      "--read-object --type data --application-label chancery --label d1 "
      "--output-file " +
      path);
  EXPECT_EQ(Shell("cat " + path), binary);
}

TEST_F(Pkcs11ContractTest, SignsInManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string message = absl::StrCat(t, " ", i);
        EXPECT_THAT(key_->Sign(AsBytes(message)), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// --- Losses, by another user of the module in this process -------------------

class Pkcs11ContractLossTest : public Pkcs11ContractTest {
 protected:
  void SetUp() override {
    Pkcs11ContractTest::SetUp();
    auto loaded = Pkcs11Module::Load(module_);
    ASSERT_THAT(loaded, IsOk());
    library_ = *std::move(loaded);
    const auto slot = library_->FindSlot(Uri());
    ASSERT_THAT(slot, IsOk());
    slot_ = slot->id;
  }
  std::shared_ptr<Pkcs11Module> library_;
  CK_SLOT_ID slot_ = 0;
};

TEST_F(Pkcs11ContractLossTest, SignsAgainAfterItsSessionsWereClosed) {
  ASSERT_EQ((*library_)->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
  EXPECT_EQ(token_->health().connections, 2u);
}

TEST_F(Pkcs11ContractLossTest, SignsAgainAfterALogout) {
  CK_SESSION_HANDLE session;
  ASSERT_EQ((*library_)->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr,
                                       nullptr, &session),
            CKR_OK);
  ASSERT_EQ((*library_)->C_Logout(session), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
}

TEST_F(Pkcs11ContractLossTest, SignsAgainAfterTheModuleWasFinalized) {
  ASSERT_EQ((*library_)->C_Finalize(nullptr), CKR_OK);
  EXPECT_THAT(key_->Sign({}), IsOk());
}

// Writes are not repeated, but the next one finds the token.
TEST_F(Pkcs11ContractLossTest, WritesAgainAfterItsSessionsWereClosed) {
  ASSERT_EQ((*library_)->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_THAT(token_->ListKeys(), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(token_->ListKeys(), IsOk());
  EXPECT_EQ(token_->health().connections, 2u);
}

TEST_F(Pkcs11ContractLossTest, SaysThatTheKeyIsGone) {
  Pkcs11Tool(absl::StrCat("--delete-object --type privkey --label ", label_));
  ASSERT_EQ((*library_)->C_CloseAllSessions(slot_), CKR_OK);
  EXPECT_THAT(key_->Sign({}),
              StatusIs(absl::StatusCode::kUnavailable, "no private key"));
}

// Last, and once: some tokens count wrong PINs for good.
TEST_F(Pkcs11ContractLossTest, TriesAWrongPinOnceAndSaysSo) {
  token_.reset();
  key_.reset();
  const auto refused =
      Pkcs11Token::Open(Uri(), base::Secret(std::string("98765")), {});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied,
                                "refused the PIN as wrong"));
  EXPECT_EQ(refused.status().message().find("98765"), absl::string_view::npos);
  EXPECT_NE(Open(pin_), nullptr);
}

}  // namespace
}  // namespace chancery::crypto
