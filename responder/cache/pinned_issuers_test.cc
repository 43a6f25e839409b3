#include "responder/cache/pinned_issuers.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "x509/certificate/names.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// Issuers with one key, told apart by their names alone.
block::KeySet IssuersOfOneKey(int count, const crypto::SigningKey& key) {
  block::KeySet keys;
  for (int i = 0; i < count; ++i) {
    x509::CertificateFacts facts;
    facts.serial = "\x01";
    facts.subject = *x509::EncodeName(
        {{.type = "CN", .value = absl::StrCat("Issuer ", i)}});
    facts.issuer = facts.subject;
    facts.not_before = kNow;
    facts.not_after = kNow + absl::Hours(24);
    facts.public_key = base::ToString(key.public_key().spki());
    facts.extensions.is_ca = true;
    keys.issuers.push_back({.name = absl::StrCat("issuer-", i),
                            .certificate = *x509::SignCertificate(facts, key)});
  }
  return keys;
}

x509::CertId IdOf(const PinnedIssuer& issuer, x509::CertIdHash hash) {
  x509::CertId id;
  id.hash = hash;
  if (hash == x509::CertIdHash::kSha256) {
    id.name_hash = issuer.name_sha256;
    id.key_hash = issuer.key_sha256;
  } else {
    id.name_hash = issuer.name_sha1;
    id.key_hash = issuer.key_sha1;
  }
  return id;
}

class PinnedIssuersTest : public ::testing::Test {
 protected:
  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
};

TEST_F(PinnedIssuersTest, TellsTenThousandIssuersApart) {
  const auto issuers = PinnedIssuers::Create(IssuersOfOneKey(10'000, *key_));
  ASSERT_THAT(issuers, IsOk());
  ASSERT_EQ(issuers->size(), 10'000u);
  for (uint32_t number = 0; number < issuers->size(); ++number) {
    const PinnedIssuer& issuer = (*issuers)[number];
    EXPECT_EQ(issuer.name, absl::StrCat("issuer-", number));
    EXPECT_EQ(issuers->Named(issuer.name), number);
    EXPECT_EQ(issuers->WithId(issuer.id), number);
    EXPECT_EQ(issuers->Of(IdOf(issuer, x509::CertIdHash::kSha1)), number);
    EXPECT_EQ(issuers->Of(IdOf(issuer, x509::CertIdHash::kSha256)), number);
  }
}

TEST_F(PinnedIssuersTest, KnowsNoIssuerByOneHashOrByHashesThatAreCutOff) {
  const auto issuers = PinnedIssuers::Create(IssuersOfOneKey(2, *key_));
  ASSERT_THAT(issuers, IsOk());
  const PinnedIssuer& issuer = (*issuers)[0];
  x509::CertId id = IdOf(issuer, x509::CertIdHash::kSha1);
  id.hash = x509::CertIdHash::kSha256;
  EXPECT_EQ(issuers->Of(id), std::nullopt);
  id.hash = x509::CertIdHash::kOther;
  EXPECT_EQ(issuers->Of(id), std::nullopt);
  id = IdOf(issuer, x509::CertIdHash::kSha1);
  id.name_hash = id.key_hash;
  EXPECT_EQ(issuers->Of(id), std::nullopt);
  id = IdOf(issuer, x509::CertIdHash::kSha1);
  id.name_hash = id.name_hash.first(19);
  EXPECT_EQ(issuers->Of(id), std::nullopt);
}

TEST_F(PinnedIssuersTest, RefusesAnIssuerOrANameThatComesTwice) {
  block::KeySet keys = IssuersOfOneKey(2, *key_);
  keys.issuers[1].name = keys.issuers[0].name;
  EXPECT_THAT(PinnedIssuers::Create(keys).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "comes twice"));
  keys = IssuersOfOneKey(2, *key_);
  keys.issuers[1].certificate = keys.issuers[0].certificate;
  EXPECT_THAT(PinnedIssuers::Create(keys).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "comes twice"));
}

}  // namespace
}  // namespace chancery::responder
