#include "block/template.h"

#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_type.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::block {
namespace {

using base::testing::IsOk;

// Name { CN = "T" }.
const std::string kIssuerName = *base::FromHex("300c310a300806035504030c0154");

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y%m%d%H%M%SZ", time, absl::UTCTimeZone());
}

using Basic = std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)>;

// The same facts as our record, put together by OpenSSL.
std::string TbsByOpenSsl(const OcspTemplate& shape, const RecordFacts& record) {
  Basic basic(OCSP_BASICRESP_new(), OCSP_BASICRESP_free);
  const auto add = [&](const EVP_MD* digest, CertIdForm form) {
    const base::Bytes name = shape.name_hash(form), key = shape.key_hash(form);
    OCSP_CERTID* id = OCSP_CERTID_new();
    ASN1_OCTET_STRING *name_hash, *key_hash;
    ASN1_OBJECT* algorithm;
    ASN1_INTEGER* serial;
    OCSP_id_get0_info(&name_hash, &algorithm, &key_hash, &serial, id);
    ASN1_OCTET_STRING_set(name_hash, name.data(),
                          static_cast<int>(name.size()));
    ASN1_OCTET_STRING_set(key_hash, key.data(), static_cast<int>(key.size()));
    BIGNUM* number = BN_bin2bn(record.serial.data(),
                               static_cast<int>(record.serial.size()), nullptr);
    BN_to_ASN1_INTEGER(number, serial);
    BN_free(number);
    // The algorithm can only be set through a CertID of OpenSSL's own making.
    X509_NAME* any = X509_NAME_new();
    ASN1_BIT_STRING* bits = ASN1_BIT_STRING_new();
    OCSP_CERTID* made = OCSP_cert_id_new(digest, any, bits, serial);
    ASN1_OCTET_STRING *made_name, *made_key;
    OCSP_id_get0_info(&made_name, nullptr, &made_key, nullptr, made);
    ASN1_OCTET_STRING_set(made_name, name.data(),
                          static_cast<int>(name.size()));
    ASN1_OCTET_STRING_set(made_key, key.data(), static_cast<int>(key.size()));
    const auto time = [](absl::Time t) {
      ASN1_GENERALIZEDTIME* out = ASN1_GENERALIZEDTIME_new();
      ASN1_GENERALIZEDTIME_set_string(out, TimeText(t).c_str());
      return out;
    };
    ASN1_TIME *revoked = time(record.revocation_time),
              *this_update = time(record.this_update),
              *next_update = time(record.next_update);
    const bool is_revoked = record.status == RecordStatus::kRevoked;
    OCSP_basic_add1_status(
        basic.get(), made,
        is_revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
        is_revoked && record.reason != 0 ? record.reason
                                         : OCSP_REVOKED_STATUS_NOSTATUS,
        revoked, this_update, next_update);
    ASN1_TIME_free(revoked);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    OCSP_CERTID_free(made);
    OCSP_CERTID_free(id);
    X509_NAME_free(any);
    ASN1_BIT_STRING_free(bits);
  };
  if (shape.form() != CertIdForm::kSha256) add(EVP_sha1(), CertIdForm::kSha1);
  if (shape.form() != CertIdForm::kSha1) add(EVP_sha256(), CertIdForm::kSha256);
  // Only signing fills in responder and producedAt.
  static EVP_PKEY* const key = EVP_EC_gen("P-256");
  static X509* const signer = [] {
    X509* made = X509_new();
    X509_set_pubkey(made, key);
    return made;
  }();
  if (OCSP_basic_sign(basic.get(), signer, key, EVP_sha256(), nullptr,
                      OCSP_NOCERTS | OCSP_RESPID_KEY) != 1) {
    return "";
  }
  std::string der;
  unsigned char* out = nullptr;
  const int size = i2d_OCSP_RESPDATA(
      const_cast<OCSP_RESPDATA*>(OCSP_resp_get0_respdata(basic.get())), &out);
  if (size > 0) der.assign(reinterpret_cast<char*>(out), size);
  OPENSSL_free(out);
  return der;
}

// Whether OpenSSL finds `signer` by the responder's key hash and its signature
// covers the response.
bool VerifiesInOpenSsl(OCSP_BASICRESP* basic, const crypto::PublicKey& signer) {
  const unsigned char* spki = signer.spki().data();
  EVP_PKEY* const key =
      d2i_PUBKEY(nullptr, &spki, static_cast<long>(signer.spki().size()));
  X509* const certificate = X509_new();
  X509_set_pubkey(certificate, key);
  STACK_OF(X509)* const certificates = sk_X509_new_null();
  sk_X509_push(certificates, certificate);
  const int verified =
      OCSP_basic_verify(basic, certificates, nullptr, OCSP_NOVERIFY);
  sk_X509_free(certificates);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return verified == 1;
}

class TemplateTest : public ::testing::TestWithParam<CertIdForm> {
 protected:
  OcspTemplate Make(std::vector<std::string> certificates = {}) {
    return *OcspTemplate::Create(GetParam(), base::AsBytes(kIssuerName),
                                 key_->public_key(), key_->public_key(),
                                 key_->algorithm(), std::move(certificates));
  }
  std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
};

std::string RandomSerial(std::mt19937& random) {
  std::string serial(1 + random() % 20, '\0');
  for (char& c : serial) c = static_cast<char>(random());
  if (serial[0] == 0) serial[0] = 1;
  return serial;
}

TEST_P(TemplateTest, LaysOutSingleResponsesAsOpenSslDoes) {
  const OcspTemplate shape = Make();
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const std::string serial = RandomSerial(random);
    RecordFacts record{
        .serial = base::AsBytes(serial),
        .status = random() % 2 ? RecordStatus::kGood : RecordStatus::kRevoked,
        .revocation_time = absl::FromUnixSeconds(random() % 4'000'000'000),
        .reason = static_cast<int>(random() % 11),
        .this_update = absl::FromUnixSeconds(random() % 4'000'000'000),
        .next_update = absl::FromUnixSeconds(random() % 8'000'000'000)};
    if (record.reason == 7) record.reason = 0;
    std::string ours;
    shape.BuildTbs(record, ours);
    const std::string theirs = TbsByOpenSsl(shape, record);
    ASSERT_FALSE(theirs.empty());
    // OpenSSL's names another signer and another producedAt, of the same sizes;
    // both end with the same SEQUENCE OF SingleResponse.
    ASSERT_EQ(ours.size(), theirs.size());
    const size_t responses = [&] {
      const unsigned char* at =
          reinterpret_cast<const unsigned char*>(ours.data());
      long length;
      int tag, object_class;
      ASN1_get_object(&at, &length, &tag, &object_class,
                      static_cast<long>(ours.size()));
      at += 2 + 2 + 20;  // [2] OCTET STRING of 20.
      at += 17;          // producedAt.
      return ours.size() -
             (at - reinterpret_cast<const unsigned char*>(ours.data()));
    }();
    ASSERT_GE(theirs.size(), responses);
    EXPECT_EQ(ours.substr(ours.size() - responses),
              theirs.substr(theirs.size() - responses));
  }
}

TEST_P(TemplateTest, ARebuiltResponseVerifiesInOpenSsl) {
  const OcspTemplate shape = Make();
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    const std::string serial = RandomSerial(random);
    const RecordFacts record{
        .serial = base::AsBytes(serial),
        .status = round % 2 ? RecordStatus::kGood : RecordStatus::kRevoked,
        .revocation_time = absl::FromUnixSeconds(1'600'000'000),
        .reason = round % 3 ? 1 : 0,
        .this_update = absl::FromUnixSeconds(1'700'000'000),
        .next_update = absl::FromUnixSeconds(1'700'086'400)};
    std::string tbs, response;
    shape.BuildTbs(record, tbs);
    const std::string signature = *key_->Sign(base::AsBytes(tbs));
    const auto compact = shape.Compact(base::AsBytes(signature));
    ASSERT_THAT(compact, IsOk());
    EXPECT_EQ(compact->size(), shape.signature_size());
    EXPECT_EQ(shape.Expand(base::AsBytes(*compact)), signature);
    shape.Rebuild(record, base::AsBytes(*compact), response);

    const auto* at = reinterpret_cast<const unsigned char*>(response.data());
    std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> parsed(
        d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response.size())),
        OCSP_RESPONSE_free);
    ASSERT_NE(parsed, nullptr);
    EXPECT_EQ(at, reinterpret_cast<const unsigned char*>(response.data()) +
                      response.size());
    unsigned char* encoded = nullptr;
    const int size = i2d_OCSP_RESPONSE(parsed.get(), &encoded);
    EXPECT_EQ(std::string(reinterpret_cast<char*>(encoded), size), response);
    OPENSSL_free(encoded);

    Basic basic(OCSP_response_get1_basic(parsed.get()), OCSP_BASICRESP_free);
    ASSERT_NE(basic, nullptr);
    encoded = nullptr;
    const int tbs_size = i2d_OCSP_RESPDATA(
        const_cast<OCSP_RESPDATA*>(OCSP_resp_get0_respdata(basic.get())),
        &encoded);
    EXPECT_EQ(std::string(reinterpret_cast<char*>(encoded), tbs_size), tbs);
    OPENSSL_free(encoded);
    const ASN1_OCTET_STRING* signed_by = OCSP_resp_get0_signature(basic.get());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(signed_by->data),
                          signed_by->length),
              signature);
    EXPECT_TRUE(VerifiesInOpenSsl(basic.get(), key_->public_key()));
    EXPECT_EQ(OCSP_resp_count(basic.get()),
              shape.form() == CertIdForm::kDual ? 2 : 1);
  }
}

TEST_P(TemplateTest, AnEncodingComesBackAsItWas) {
  const OcspTemplate shape = Make({"certificate one", "certificate two"});
  const auto again = OcspTemplate::Parse(base::AsBytes(shape.encoded()));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->encoded(), shape.encoded());
  EXPECT_EQ(again->id(), shape.id());
  for (size_t size = 0; size < shape.encoded().size(); ++size) {
    const std::string part = shape.encoded().substr(0, size);
    EXPECT_FALSE(OcspTemplate::Parse(base::AsBytes(part)).ok()) << size;
  }
}

TEST_P(TemplateTest, AppendsToWhatIsThere) {
  const OcspTemplate shape = Make({"certificate"});
  const RecordFacts record{.serial = base::AsBytes("\x01", 1),
                           .status = RecordStatus::kGood,
                           .this_update = absl::FromUnixSeconds(1),
                           .next_update = absl::FromUnixSeconds(2)};
  const std::string compact(shape.signature_size(), '\x01');
  std::string alone, after = "before";
  shape.Rebuild(record, base::AsBytes(compact), alone);
  shape.Rebuild(record, base::AsBytes(compact), after);
  EXPECT_EQ(after, "before" + alone);
  std::string tbs, tbs_after = "before";
  shape.BuildTbs(record, tbs);
  shape.BuildTbs(record, tbs_after);
  EXPECT_EQ(tbs_after, "before" + tbs);
  EXPECT_NE(alone.find(tbs), std::string::npos);
}

TEST(TemplateKeyTest, EverySignersResponsesVerifyInOpenSsl) {
  for (const crypto::KeySpec& spec :
       {crypto::KeySpec{.type = crypto::KeyType::kEcP256},
        crypto::KeySpec{.type = crypto::KeyType::kEcP384},
        crypto::KeySpec{.type = crypto::KeyType::kRsa, .bits = 2048},
        crypto::KeySpec{.type = crypto::KeyType::kEd25519}}) {
    const auto key = *crypto::GenerateKey(spec);
    const OcspTemplate shape = *OcspTemplate::Create(
        CertIdForm::kSha1, base::AsBytes(kIssuerName), key->public_key(),
        key->public_key(), key->algorithm(), {});
    for (int round = 0; round < 20; ++round) {
      const std::string serial(17, static_cast<char>(1 + round));
      const RecordFacts record{
          .serial = base::AsBytes(serial),
          .status = RecordStatus::kGood,
          .this_update = absl::FromUnixSeconds(1'700'000'000),
          .next_update = absl::FromUnixSeconds(1'700'086'400)};
      std::string tbs, response;
      shape.BuildTbs(record, tbs);
      const std::string signature = *key->Sign(base::AsBytes(tbs));
      const auto compact = shape.Compact(base::AsBytes(signature));
      ASSERT_THAT(compact, IsOk());
      ASSERT_TRUE(shape.IsCompact(base::AsBytes(*compact)));
      shape.Rebuild(record, base::AsBytes(*compact), response);
      const auto* at = reinterpret_cast<const unsigned char*>(response.data());
      std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> parsed(
          d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response.size())),
          OCSP_RESPONSE_free);
      ASSERT_NE(parsed, nullptr);
      const Basic basic(OCSP_response_get1_basic(parsed.get()),
                        OCSP_BASICRESP_free);
      ASSERT_NE(basic, nullptr);
      EXPECT_TRUE(VerifiesInOpenSsl(basic.get(), key->public_key()))
          << crypto::Name(spec.type);
    }
  }
}

TEST(TemplateKeyTest, ACompactEcdsaSignatureHasNoZeroHalf) {
  const auto key = *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  const OcspTemplate shape = *OcspTemplate::Create(
      CertIdForm::kSha1, base::AsBytes(kIssuerName), key->public_key(),
      key->public_key(), key->algorithm(), {});
  const std::string zero(32, '\0'), one = std::string(31, '\0') + '\x01';
  for (const auto& [compact, fits] : {std::pair(one + one, true),
                                      {zero + one, false},
                                      {one + zero, false},
                                      {one, false},
                                      {one + one + one, false},
                                      {std::string(), false}}) {
    EXPECT_EQ(shape.IsCompact(base::AsBytes(compact)), fits);
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, TemplateTest,
                         ::testing::Values(CertIdForm::kSha1,
                                           CertIdForm::kSha256,
                                           CertIdForm::kDual));

}  // namespace
}  // namespace chancery::block
