// What becomes of signing when a token misbehaves: each fault is made by
// crypto/testing/faulty_pkcs11, in front of SoftHSM.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "crypto/pkcs11_token.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/faulty_hsm.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::FaultyHsm;
using testing::kSoftHsmPin;
using testing::SoftHsm;
using testing::TempPath;
using testing::WriteTemp;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
constexpr auto kPermissionDenied = absl::StatusCode::kPermissionDenied;

class Pkcs11FaultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    hsm_.AddToken("t");
    for (const char* key : {"a --id 01", "b --id 02"}) {
      SoftHsm::Pkcs11Tool(
          "t",
          std::string("--keypairgen --key-type EC:prime256v1 --label ") + key);
    }
    pin_file_ = WriteTemp("pin", kSoftHsmPin);
    auto token = OpenToken({.clock = &clock_});
    ASSERT_THAT(token, IsOk());
    token_ = *std::move(token);
    a_ = OpenKey("a");
    b_ = OpenKey("b");
    ASSERT_TRUE(a_ != nullptr && b_ != nullptr);
  }

  Pkcs11Uri Uri(const std::string& rest) const {
    const auto uri = ParsePkcs11Uri(
        absl::StrCat(FaultyHsm::Uri("t", rest), "&pin-source=", pin_file_));
    EXPECT_THAT(uri, IsOk());
    return uri.value_or(Pkcs11Uri());
  }

  absl::StatusOr<std::shared_ptr<Pkcs11Token>> OpenToken(
      const Pkcs11Token::Options& options) {
    return Pkcs11Token::Open(Uri(""), base::Secret(std::string(kSoftHsmPin)),
                             options);
  }

  std::unique_ptr<SigningKey> OpenKey(const std::string& label) {
    auto key = token_->OpenKey(Uri(";object=" + label), std::nullopt);
    EXPECT_THAT(key, IsOk());
    return key.ok() ? *std::move(key) : nullptr;
  }

  // OK only if the signature verifies.
  absl::Status Sign(const SigningKey& key) {
    const std::string message = absl::StrCat("message ", ++messages_);
    const auto signature = key.Sign(AsBytes(message));
    if (!signature.ok()) return signature.status();
    return key.public_key().Verify(key.algorithm(), AsBytes(message),
                                   AsBytes(*signature));
  }

  // Pulls the token out and has it noticed.
  void Remove() {
    hsm_.Command("absent");
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "no token matches"));
  }

  FaultyHsm hsm_;
  std::string pin_file_;
  std::atomic<int> messages_ = 0;
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::shared_ptr<Pkcs11Token> token_;
  std::unique_ptr<SigningKey> a_, b_;
};

TEST_F(Pkcs11FaultsTest, BearsTwoErrorsOfADeviceOrASession) {
  for (const char* code :
       {"CKR_DEVICE_ERROR", "CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED",
        "CKR_USER_NOT_LOGGED_IN", "CKR_KEY_HANDLE_INVALID",
        "CKR_DEVICE_REMOVED", "CKR_TOKEN_NOT_PRESENT"}) {
    for (const char* function : {"C_SignInit", "C_Sign"}) {
      hsm_.Command(absl::StrCat("fail ", function, " ", code, " next 2"));
      EXPECT_THAT(Sign(*a_), IsOk()) << function << " " << code;
      EXPECT_THAT(Sign(*a_), IsOk()) << function << " " << code;
    }
  }
}

TEST_F(Pkcs11FaultsTest, TriesThreeTimesAndNoMore) {
  hsm_.Command("fail C_Sign CKR_DEVICE_ERROR\nlog C_Sign");
  EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "CKR_DEVICE_ERROR"));
  EXPECT_EQ(hsm_.Calls("C_Sign"), 3);
}

TEST_F(Pkcs11FaultsTest, LogsInAgainWhenItsSessionsAreLost) {
  hsm_.Command("fail * CKR_SESSION_HANDLE_INVALID next 2\nlog C_Login");
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_EQ(hsm_.Calls("C_Login"), 1);
  EXPECT_EQ(token_->health().connections, 2u);
}

TEST_F(Pkcs11FaultsTest, FindsATokenThatCameBackInAnotherSlot) {
  Remove();
  hsm_.Command("slots 7");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_THAT(Sign(*b_), IsOk());
  EXPECT_EQ(token_->health().connections, 2u);
}

TEST_F(Pkcs11FaultsTest, LooksForALostTokenOnlyNowAndThen) {
  Remove();
  hsm_.Command("absent\nlog C_GetSlotList");
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "no token matches"));
    EXPECT_THAT(Sign(*b_), StatusIs(kUnavailable, "next try is in"));
  }
  EXPECT_EQ(hsm_.Calls("C_GetSlotList"), 0);
  // And however long it was away, it is looked for soon after it came back.
  for (int i = 0; i < 20; ++i) {
    clock_.Advance(absl::Minutes(1));
    EXPECT_FALSE(Sign(*a_).ok());
  }
  hsm_.Command("");
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_THAT(Sign(*b_), IsOk());
}

TEST_F(Pkcs11FaultsTest, TellsWhyASlotIsNotAToken) {
  hsm_.Command("absent");
  EXPECT_FALSE(Sign(*a_).ok());
  hsm_.Command("fail C_GetTokenInfo CKR_DEVICE_ERROR");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "CKR_DEVICE_ERROR"));
}

// --- The PIN ---------------------------------------------------------------

TEST_F(Pkcs11FaultsTest, TriesARefusedPinOnceUntilItsFileIsWrittenAgain) {
  for (const auto& [code, text] :
       {std::pair("CKR_PIN_INCORRECT", "refused the PIN as wrong"),
        std::pair("CKR_PIN_LOCKED", "is locked"),
        std::pair("CKR_PIN_EXPIRED", "CKR_PIN_EXPIRED")}) {
    Remove();
    hsm_.Command(absl::StrCat("fail C_Login ", code, "\nlog C_Login"));
    for (int i = 0; i < 5; ++i) {
      clock_.Advance(absl::Hours(1));
      EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, text));
      EXPECT_THAT(Sign(*b_), StatusIs(kUnavailable, pin_file_));
    }
    EXPECT_EQ(hsm_.Calls("C_Login"), 1);
    // The token would take it now, but nobody has said so.
    hsm_.Command("log C_Login");
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, text));
    EXPECT_EQ(hsm_.Calls("C_Login"), 0);
    WriteTemp("pin", kSoftHsmPin);
    EXPECT_THAT(Sign(*a_), IsOk());
    EXPECT_THAT(Sign(*b_), IsOk());
    EXPECT_EQ(hsm_.Calls("C_Login"), 1);
    EXPECT_EQ(token_->health().failing_keys, 0);
  }
}

TEST_F(Pkcs11FaultsTest, TriesEachPinThatIsWrittenOnce) {
  Remove();
  WriteTemp("pin", "wrong");
  hsm_.Command("log C_Login");
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "refused the PIN as wrong"));
  }
  EXPECT_EQ(hsm_.Calls("C_Login"), 1);
  // Nobody but its owner may read it; and what cannot be read is not tried.
  WriteTemp("pin", kSoftHsmPin, 0644);
  EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "0644"));
  EXPECT_EQ(hsm_.Calls("C_Login"), 1);
  WriteTemp("pin", kSoftHsmPin);
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_EQ(hsm_.Calls("C_Login"), 2);
}

TEST_F(Pkcs11FaultsTest, DoesNotSpendTheLastTryUnlessItIsTold) {
  // CKF_USER_PIN_FINAL_TRY.
  hsm_.Command("flags 0x00020000\nlog C_Login");
  EXPECT_THAT(OpenToken({}), StatusIs(kPermissionDenied, "--confirm-pin"));
  EXPECT_EQ(hsm_.Calls("C_Login"), 0);
  EXPECT_THAT(OpenToken({.try_final_pin = true}), IsOk());
  EXPECT_EQ(hsm_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11FaultsTest, GoesOnWhenTheSecurityOfficerHasUnlockedTheToken) {
  Remove();
  // CKF_USER_PIN_LOCKED.
  hsm_.Command("flags 0x00040000\nlog C_Login");
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "CKF_USER_PIN_LOCKED"));
  }
  EXPECT_EQ(hsm_.Calls("C_Login"), 0);
  hsm_.Command("");
  EXPECT_THAT(Sign(*a_), IsOk());
}

// --- CKA_ALWAYS_AUTHENTICATE -----------------------------------------------

class Pkcs11AlwaysAuthenticateTest : public Pkcs11FaultsTest {
 protected:
  void SetUp() override {
    Pkcs11FaultsTest::SetUp();
    SoftHsm::Pkcs11Tool("t",
                        "--keypairgen --key-type EC:prime256v1 --label careful "
                        "--id 03 --always-auth");
    careful_ = OpenKey("careful");
    ASSERT_NE(careful_, nullptr);
  }
  std::unique_ptr<SigningKey> careful_;
};

TEST_F(Pkcs11AlwaysAuthenticateTest, LogsInForEachSignature) {
  hsm_.Command("log C_Login");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(Sign(*careful_), IsOk());
    EXPECT_EQ(hsm_.Calls("C_Login"), i);
  }
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_EQ(hsm_.Calls("C_Login"), 3);
}

TEST_F(Pkcs11AlwaysAuthenticateTest, TriesARefusedPinOnceFromManyThreads) {
  hsm_.Command("fail C_Login CKR_PIN_INCORRECT\nlog C_Login");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(Sign(*careful_),
                    StatusIs(kUnavailable, "refused the PIN as wrong"));
        // It needs no login of its own.
        EXPECT_THAT(Sign(*a_), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hsm_.Calls("C_Login"), 1);
  hsm_.Command("");
  WriteTemp("pin", kSoftHsmPin);
  EXPECT_THAT(Sign(*careful_), IsOk());
}

// --- The wrong key, the wrong signature ------------------------------------

TEST_F(Pkcs11FaultsTest, RefusesAnotherKeyUnderTheSameLabelAtTheStart) {
  hsm_.Command("swap a b");
  EXPECT_THAT(token_->OpenKey(Uri(";object=a"), a_->public_key()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "another key has this name"));
}

TEST_F(Pkcs11FaultsTest, RefusesAnotherKeyInATokenThatCameBack) {
  Remove();
  hsm_.Command("swap a b\nlog C_Sign");
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "another key has this name"));
  }
  EXPECT_EQ(hsm_.Calls("C_Sign"), 0);
  EXPECT_THAT(Sign(*b_), IsOk());
  hsm_.Command("");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Sign(*a_), IsOk());
}

TEST_F(Pkcs11FaultsTest, ReleasesNoWrongSignature) {
  hsm_.Command("corrupt next 2");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(absl::StatusCode::kDataLoss,
                                    "nothing of it is released"));
  }
  EXPECT_THAT(Sign(*a_), IsOk());
}

// --- A breaker for each key ------------------------------------------------

class Pkcs11BreakerTest : public Pkcs11FaultsTest,
                          public ::testing::WithParamInterface<const char*> {};

TEST_P(Pkcs11BreakerTest, StopsAskingForOneKeyAndNotForAll) {
  hsm_.Command(absl::StrCat(GetParam(), " key a\nlog C_Sign\nlog C_SignInit"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Sign(*a_), ::testing::Not(IsOk()));
    EXPECT_THAT(Sign(*b_), IsOk());
  }
  const int before = hsm_.Calls("C_SignInit");
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable,
                                    "key label=a in token \"pkcs11:token=t"));
  }
  EXPECT_EQ(hsm_.Calls("C_SignInit"), before);
  EXPECT_EQ(token_->health().failing_keys, 1);
  EXPECT_THAT(Sign(*b_), IsOk());
  // One try after a pause, and a longer pause.
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Sign(*a_), ::testing::Not(IsOk()));
  clock_.Advance(absl::Milliseconds(1900));
  EXPECT_THAT(Sign(*a_), StatusIs(kUnavailable, "next try is in 100ms"));
  // It is well again.
  hsm_.Command("");
  clock_.Advance(absl::Milliseconds(100));
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_EQ(token_->health().failing_keys, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Pkcs11BreakerTest,
    ::testing::Values("fail C_Sign CKR_DEVICE_ERROR",
                      "fail C_Sign CKR_FUNCTION_FAILED",
                      "fail C_SignInit CKR_KEY_HANDLE_INVALID",
                      "fail C_Sign CKR_SESSION_HANDLE_INVALID", "corrupt"),
    [](const auto& param) {
      std::string name;
      for (const char c : std::string(param.param)) {
        if (std::isalnum(static_cast<unsigned char>(c))) name += c;
      }
      return name;
    });

TEST_F(Pkcs11FaultsTest, HoldsAnOutageOfTheTokenAgainstNoKey) {
  Remove();
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(Sign(*a_).ok());
    EXPECT_FALSE(Sign(*b_).ok());
  }
  EXPECT_EQ(token_->health().failing_keys, 0);
  hsm_.Command("");
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_THAT(Sign(*b_), IsOk());
}

TEST_F(Pkcs11FaultsTest, LetsOtherKeysSignWhileOneHangs) {
  auto token = OpenToken({.max_sessions = 4,
                          .wait = std::chrono::milliseconds(100),
                          .clock = &clock_});
  ASSERT_THAT(token, IsOk());
  token_ = *std::move(token);
  a_ = OpenKey("a");
  b_ = OpenKey("b");
  hsm_.Command("delay C_Sign 2000 key a");
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] { refused += !Sign(*a_).ok(); });
  }
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Sign(*b_), IsOk());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 5);
  hsm_.Command("");
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Sign(*a_), IsOk());
}

// --- All at once -----------------------------------------------------------

TEST_F(Pkcs11FaultsTest, SignsRightOrSaysWhyInAllThreadsThroughAllFaults) {
  std::atomic<bool> stop = false;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const SigningKey& key = t % 2 == 0 ? *a_ : *b_;
      while (!stop) {
        const absl::Status signed_right = Sign(key);
        made += signed_right.ok();
        ASSERT_TRUE(signed_right.ok() || absl::IsUnavailable(signed_right) ||
                    absl::IsDataLoss(signed_right))
            << signed_right;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    for (const char* commands :
         {"fail C_Sign CKR_DEVICE_ERROR next 5", "absent", "slots 3",
          "corrupt next 4", "fail C_SignInit CKR_SESSION_CLOSED next 3",
          "absent", "", "fail * CKR_DEVICE_REMOVED next 6",
          "delay C_Sign 5 key a", "swap a b"}) {
      hsm_.Command(commands);
      const int before = made;
      const auto until =
          std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
      while (made < before + 10 && std::chrono::steady_clock::now() < until) {
        clock_.Advance(absl::Seconds(1));
        std::this_thread::yield();
      }
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  hsm_.Command("");
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Sign(*a_), IsOk());
  EXPECT_THAT(Sign(*b_), IsOk());
  EXPECT_GT(made, 0);
}

}  // namespace
}  // namespace chancery::crypto
