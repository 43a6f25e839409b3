// Keys that leave a token and come back, through Pkcs11Token.
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/secret.h"
#include "base/testing/status_matchers.h"
#include "crypto/pkcs11_token.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::kSoftHsmPin;
using testing::Shell;
using testing::SoftHsm;
using testing::TempPath;
using testing::WriteTemp;

Pkcs11Uri Uri(const std::string& label, const std::string& id) {
  return *ParsePkcs11Uri(SoftHsm::Uri("t", ";object=" + label + ";id=%" + id));
}

class Pkcs11CustodyTest : public ::testing::Test {
 protected:
  Pkcs11CustodyTest() {
    hsm_.AddToken("t");
    // A wrapping key that the test knows too.
    std::string key;
    for (int i = 0; i < 32; ++i) key.push_back(static_cast<char>(7 * i + 1));
    known_key_ = WriteTemp("wrapping.bin", key);
    Shell("softhsm2-util --import " + known_key_ +
          " --aes --token t --label known --id 0a --pin " + kSoftHsmPin);
    token_ = *Pkcs11Token::Open(*ParsePkcs11Uri(SoftHsm::Uri("t")),
                                base::Secret(std::string(kSoftHsmPin)), {});
  }

  SoftHsm hsm_;
  std::string known_key_;
  std::shared_ptr<Pkcs11Token> token_;
};

TEST_F(Pkcs11CustodyTest, TellsWhatTheTokenIs) {
  const auto facts = token_->Facts();
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->label, "t");
  EXPECT_EQ(facts->manufacturer, "SoftHSM project");
  EXPECT_EQ(facts->model, "SoftHSM v2");
  const std::string listed = Shell("softhsm2-util --show-slots");
  EXPECT_NE(listed.find(facts->serial), std::string::npos) << listed;
  EXPECT_FALSE(facts->serial.empty());
  EXPECT_NE(listed.find("Firmware version: " + facts->firmware_version),
            std::string::npos)
      << listed << facts->firmware_version;
}

TEST_F(Pkcs11CustodyTest, WhatItWrapsIsRfc5649OfThePkcs8) {
  const struct {
    const char* id;
    KeySpec spec;
  } rows[] = {{"01", {KeyType::kEcP256, 0}},
              {"02", {KeyType::kEcP384, 0}},
              {"03", {KeyType::kRsa, 2048}}};
  for (const auto& row : rows) {
    const Pkcs11Uri key = Uri(std::string("k") + row.id, row.id);
    const auto made = token_->GenerateExtractableKey(row.spec, key);
    ASSERT_THAT(made, IsOk());
    const auto wrapped = token_->Wrap(Uri("known", "0a"), key);
    ASSERT_THAT(wrapped, IsOk());
    // OpenSSL's command does not unwrap; Python's cryptography does.
    const std::string path = WriteTemp("wrapped.bin", *wrapped);
    const std::string out = TempPath("unwrapped.der");
    Shell(
        "python3 -c 'from cryptography.hazmat.primitives.keywrap import "
        "aes_key_unwrap_with_padding as u; import sys; "
        "open(sys.argv[3],\"wb\").write(u(open(sys.argv[1],\"rb\").read(), "
        "open(sys.argv[2],\"rb\").read()))' " +
        known_key_ + " " + path + " " + out);
    const std::string spki =
        Shell("openssl pkey -inform DER -in " + out + " -pubout -outform DER");
    EXPECT_EQ(base::Hex(AsBytes(spki)), base::Hex(made->spki())) << row.id;
  }
}

TEST_F(Pkcs11CustodyTest, RestoresWhatWasDestroyed) {
  const Pkcs11Uri wrapping = Uri("w", "0b");
  ASSERT_THAT(token_->GenerateWrappingKey(wrapping), IsOk());
  EXPECT_THAT(token_->GenerateWrappingKey(wrapping),
              StatusIs(absl::StatusCode::kAlreadyExists, ""));
  const struct {
    const char* id;
    KeySpec spec;
  } rows[] = {{"01", {KeyType::kEcP256, 0}}, {"02", {KeyType::kRsa, 2048}}};
  for (const auto& row : rows) {
    const Pkcs11Uri key = Uri(std::string("k") + row.id, row.id);
    const auto made = token_->GenerateExtractableKey(row.spec, key);
    ASSERT_THAT(made, IsOk());
    const auto wrapped = token_->Wrap(wrapping, key);
    ASSERT_THAT(wrapped, IsOk());
    EXPECT_THAT(token_->Unwrap(wrapping, AsBytes(*wrapped), *made, key),
                StatusIs(absl::StatusCode::kAlreadyExists, ""));
    ASSERT_THAT(token_->DestroyKey(key, *made), IsOk());
    EXPECT_THAT(token_->OpenKey(key, {}),
                StatusIs(absl::StatusCode::kNotFound, ""));
    EXPECT_THAT(token_->CheckFree(key), IsOk());

    ASSERT_THAT(token_->Unwrap(wrapping, AsBytes(*wrapped), *made, key),
                IsOk());
    EXPECT_THAT(token_->CheckFree(key),
                StatusIs(absl::StatusCode::kAlreadyExists, ""));
    const auto opened = token_->OpenKey(key, *made);
    ASSERT_THAT(opened, IsOk());
    EXPECT_THAT((*opened)->Sign(AsBytes(*wrapped)), IsOk());
    // And it can be backed up again.
    EXPECT_THAT(token_->Wrap(wrapping, key), IsOk());
  }
}

TEST_F(Pkcs11CustodyTest, AnotherPublicHalfLeavesNothing) {
  const Pkcs11Uri wrapping = Uri("known", "0a");
  const Pkcs11Uri key = Uri("k", "01");
  const auto made = token_->GenerateExtractableKey({KeyType::kEcP256, 0}, key);
  ASSERT_THAT(made, IsOk());
  auto wrapped = token_->Wrap(wrapping, key);
  ASSERT_THAT(wrapped, IsOk());
  ASSERT_THAT(token_->DestroyKey(key, *made), IsOk());
  const auto other = GenerateKey({KeyType::kEcP256, 0});
  EXPECT_FALSE(
      token_->Unwrap(wrapping, AsBytes(*wrapped), (*other)->public_key(), key)
          .ok());
  EXPECT_THAT(token_->CheckFree(key), IsOk());
  // Nor does what was changed, or wrapped by another key.
  (*wrapped)[9] ^= 1;
  EXPECT_THAT(token_->Unwrap(wrapping, AsBytes(*wrapped), *made, key),
              StatusIs(absl::StatusCode::kInvalidArgument, "has wrapped"));
  EXPECT_THAT(token_->CheckFree(key), IsOk());
}

TEST_F(Pkcs11CustodyTest, AKeyThatWasMadeToStayStays) {
  const Pkcs11Uri key = Uri("k", "01");
  ASSERT_THAT(token_->GenerateKey({KeyType::kEcP256, 0}, key.object, key.id),
              IsOk());
  EXPECT_THAT(
      token_->Wrap(Uri("known", "0a"), key),
      StatusIs(absl::StatusCode::kFailedPrecondition, "CKA_EXTRACTABLE"));
  EXPECT_THAT(token_->Wrap(Uri("none", "0c"), key),
              StatusIs(absl::StatusCode::kFailedPrecondition, ""));
}

TEST_F(Pkcs11CustodyTest, DestroysOnlyTheKeyThatIsMeant) {
  const Pkcs11Uri key = Uri("k", "01");
  const auto made =
      token_->GenerateKey({KeyType::kEcP256, 0}, key.object, key.id);
  ASSERT_THAT(made, IsOk());
  const auto other = GenerateKey({KeyType::kEcP256, 0});
  EXPECT_THAT(
      token_->DestroyKey(key, (*other)->public_key()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "nothing was destroyed"));
  EXPECT_THAT(token_->OpenKey(key, *made), IsOk());
  ASSERT_THAT(token_->DestroyKey(key, *made), IsOk());
  EXPECT_THAT(token_->DestroyKey(key, *made),
              StatusIs(absl::StatusCode::kNotFound, ""));
}

TEST_F(Pkcs11CustodyTest, ListsKeysAndHalvesOfKeys) {
  for (const char* id : {"01", "02", "03"}) {
    SoftHsm::Pkcs11Tool("t", "--keypairgen --key-type EC:prime256v1 --label l" +
                                 std::string(id) + " --id " + id);
  }
  SoftHsm::Pkcs11Tool("t", "--delete-object --type pubkey --id 02");
  SoftHsm::Pkcs11Tool("t", "--delete-object --type privkey --id 03");
  const auto keys = token_->ListKeys();
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 3u);  // The wrapping key is none.
  const struct {
    const char* label;
    std::string id;
    bool private_half, public_half;
  } rows[] = {{"l01", "\x01", true, true},
              {"l02", "\x02", true, false},
              {"l03", "\x03", false, true}};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*keys)[i].label, rows[i].label);
    EXPECT_EQ((*keys)[i].id, rows[i].id);
    EXPECT_EQ((*keys)[i].private_half, rows[i].private_half);
    EXPECT_EQ((*keys)[i].public_half, rows[i].public_half);
  }
}

TEST_F(Pkcs11CustodyTest, ListsMoreKeysThanOneAnswerHolds) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "k" + std::to_string(i);
    ASSERT_THAT(token_->GenerateKey({KeyType::kEcP256, 0}, name, name), IsOk());
  }
  const auto keys = token_->ListKeys();
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->size(), 20u);
}

TEST_F(Pkcs11CustodyTest, DestroysHalvesAndNoPairs) {
  for (const char* id : {"01", "02", "03"}) {
    SoftHsm::Pkcs11Tool("t", "--keypairgen --key-type EC:prime256v1 --label k" +
                                 std::string(id) + " --id " + id);
  }
  SoftHsm::Pkcs11Tool("t", "--delete-object --type pubkey --id 02");
  SoftHsm::Pkcs11Tool("t", "--delete-object --type privkey --id 03");
  EXPECT_THAT(token_->DestroyHalfKey(Uri("k01", "01")),
              StatusIs(absl::StatusCode::kFailedPrecondition, "both halves"));
  EXPECT_THAT(token_->DestroyHalfKey(Uri("k02", "02")), IsOk());
  EXPECT_THAT(token_->DestroyHalfKey(Uri("k03", "03")), IsOk());
  EXPECT_THAT(token_->DestroyHalfKey(Uri("k04", "04")), IsOk());
  const auto keys = token_->ListKeys();
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().label, "k01");
}

}  // namespace
}  // namespace chancery::crypto
