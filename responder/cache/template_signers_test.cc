#include "responder/cache/template_signers.h"

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "responder/cache/testing/issuer.h"

namespace chancery::responder {
namespace {

using base::testing::StatusIs;
using testing::Issuer;
using testing::NewKey;

class TemplateSignersTest : public ::testing::Test {
 protected:
  PinnedIssuers Pinned(const Issuer& issuer) {
    return *PinnedIssuers::Create(issuer.KeySetWith(*manifest_key_));
  }
  absl::StatusOr<crypto::PublicKey> Of(const Issuer& about,
                                       const Issuer& pinned) {
    return signers_.Of(about.ocsp_template(), Pinned(pinned)[0]);
  }

  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = NewKey();
  Issuer issuer_{"issuing", "Issuing CA"}, other_{"other", "Other CA"};
  TemplateSigners signers_;
};

TEST_F(TemplateSignersTest, FindsTheSameKeyAgain) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*Of(issuer_, issuer_), issuer_.key().public_key());
  }
  const auto delegate = NewKey();
  issuer_.UseSigner(*delegate, {issuer_.Delegate(*delegate, issuer_.key(),
                                                 x509::kOcspSigning)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*Of(issuer_, issuer_), delegate->public_key());
  }
}

// What is remembered is a template's for one issuer.
TEST_F(TemplateSignersTest, WhatItRemembersIsNoOtherIssuers) {
  ASSERT_EQ(*Of(issuer_, issuer_), issuer_.key().public_key());
  ASSERT_EQ(*Of(other_, other_), other_.key().public_key());
  EXPECT_THAT(Of(issuer_, other_), StatusIs(absl::StatusCode::kPermissionDenied,
                                            "not about issuer \"other\""));
  EXPECT_THAT(Of(other_, issuer_), StatusIs(absl::StatusCode::kPermissionDenied,
                                            "not about issuer \"issuing\""));
}

TEST_F(TemplateSignersTest, WhatItRefusedItRefusesAgain) {
  const auto delegate = NewKey();
  issuer_.UseSigner(*delegate, {issuer_.Delegate(*delegate, other_.key(),
                                                 x509::kOcspSigning)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(
        Of(issuer_, issuer_),
        StatusIs(absl::StatusCode::kPermissionDenied, "not from the issuer"));
  }
}

}  // namespace
}  // namespace chancery::responder
