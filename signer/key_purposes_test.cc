#include "signer/key_purposes.h"

#include <memory>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/digest.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

using Key = std::shared_ptr<const crypto::SigningKey>;

Key NewKey() {
  return *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
}

Issuer Named(const char* name, const Key& key, const Key& ocsp_key) {
  Issuer issuer;
  issuer.name = name;
  issuer.key = key;
  issuer.ocsp_key = ocsp_key;
  return issuer;
}

class KeyPurposesTest : public ::testing::Test {
 protected:
  const Key a_ = NewKey(), b_ = NewKey(), ocsp_ = NewKey(),
            manifest_ = NewKey(), next_ = NewKey();
};

TEST_F(KeyPurposesTest, EachKeyOfOnePurposeIsAllowed) {
  // A delegate of both, one that signs itself, one that has no key yet.
  EXPECT_THAT(
      CheckKeyPurposes({Named("a", a_, ocsp_), Named("b", b_, ocsp_),
                        Named("own", b_, b_), Named("rotates", a_, nullptr)},
                       {manifest_->public_key(), next_->public_key()}),
      IsOk());
}

TEST_F(KeyPurposesTest, AManifestKeyIsNoCasAndNoDelegates) {
  const std::vector<Issuer> issuers = {Named("a", a_, ocsp_),
                                       Named("b", b_, b_)};
  const auto wrong = CheckKeyPurposes(issuers, {b_->public_key()});
  EXPECT_THAT(wrong, StatusIs(kInvalid, "`manifest_key`"));
  EXPECT_THAT(wrong, StatusIs(kInvalid, "issuer \"b\".key"));
  EXPECT_THAT(
      wrong,
      StatusIs(kInvalid, base::Hex(crypto::Sha256(b_->public_key().spki()))));
  EXPECT_THAT(wrong, StatusIs(kInvalid, "TRUST 2.4"));
  EXPECT_THAT(
      CheckKeyPurposes(issuers, {manifest_->public_key(), a_->public_key()}),
      StatusIs(kInvalid, "`next_manifest_key`"));
  EXPECT_THAT(CheckKeyPurposes(issuers, {ocsp_->public_key()}),
              StatusIs(kInvalid, "issuer \"a\".ocsp_key"));
}

TEST_F(KeyPurposesTest, ADelegateHasNoCasKey) {
  EXPECT_THAT(CheckKeyPurposes({Named("a", a_, b_), Named("b", b_, ocsp_)},
                               {manifest_->public_key()}),
              StatusIs(kInvalid, "issuer \"a\".ocsp_key"));
}

}  // namespace
}  // namespace chancery::signer
