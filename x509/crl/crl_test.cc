#include "x509/crl/crl.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "der/reader.h"
#include "gtest/gtest.h"
#include "x509/testing/openssl_ca.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::WriteTemp;

absl::Time At(absl::string_view text) {
  return *der::ParseGeneralizedTime(base::AsBytes(text));
}

struct Owned {
  std::string serial;
  absl::Time time;
  int reason;
  friend bool operator==(const Owned&, const Owned&) = default;
};

std::vector<CrlEntry> Views(const std::vector<Owned>& owned) {
  std::vector<CrlEntry> entries;
  for (const Owned& one : owned) {
    entries.push_back({.serial = base::AsBytes(one.serial),
                       .revocation_time = one.time,
                       .reason = one.reason});
  }
  return entries;
}

absl::StatusOr<std::vector<Owned>> EntriesOf(const Crl& crl) {
  std::vector<Owned> entries;
  const absl::Status status = ForEachEntry(crl, [&](const CrlEntry& entry) {
    entries.push_back(
        {base::ToString(entry.serial), entry.revocation_time, entry.reason});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return entries;
}

// The parameter is the key, as `openssl genpkey` takes it.
class CrlTest : public ::testing::TestWithParam<const char*> {
 protected:
  CrlTest() : ca_("ca", GetParam()) {
    key_identifier_ = base::ToString(ca_.key().public_key().KeyHashSha1());
  }

  CrlFacts Facts() {
    return {.issuer = base::AsBytes(ca_.subject()),
            .this_update = At("20240601000000Z"),
            .next_update = At("20600601000000Z"),
            .authority_key_identifier = base::AsBytes(key_identifier_),
            .number = 0x80f0};
  }

  // `openssl ca -gencrl` of an index with these rows.
  std::string ByOpenSsl(const std::vector<testing::OpenSslCa::Row>& rows) {
    ca_.WriteIndex(rows);
    const std::string number = WriteTemp("crlnumber", "80F0\n");
    // OpenSSL's default for P-384 is SHA-256; Ed25519 knows "default" only.
    const std::string digest =
        ca_.key().algorithm() == crypto::SignatureAlgorithm::kEcdsaSha384
            ? "sha384"
            : "default";
    const std::string config = WriteTemp(
        "ca.cnf", "[ca]\ndefault_ca=it\n[it]\ndatabase=" + ca_.Path("index") +
                      "\ncrlnumber=" + number + "\ndefault_md=" + digest +
                      "\ncrl_extensions=e\n[e]\n"
                      "authorityKeyIdentifier=keyid\n");
    return Shell("openssl ca -gencrl -config " + config + " -cert " +
                 ca_.Path("pem") + " -keyfile " + ca_.Path("key") +
                 " -crl_lastupdate 20240601000000Z"
                 " -crl_nextupdate 20600601000000Z | openssl crl -outform DER");
  }

  testing::OpenSslCa ca_;
  std::string key_identifier_;
};

TEST_P(CrlTest, TheTbsIsThatOfOpenSslForTheSameFacts) {
  const std::string theirs =
      ByOpenSsl({{"FEDCBA98", "240102030405Z,keyCompromise"},
                 {"01", "240102030405Z"},
                 {"0203", "240303030303Z,superseded"},
                 {"04", ""}});
  const std::vector<Owned> entries = {
      {"\x01", At("20240102030405Z"), 0},
      {"\x02\x03", At("20240303030303Z"), 4},
      {"\xfe\xdc\xba\x98", At("20240102030405Z"), 1}};
  const auto ours = SignCrl(Facts(), Views(entries), ca_.key());
  ASSERT_THAT(ours, IsOk());
  const auto our_crl = ParseCrl(base::AsBytes(*ours)),
             their_crl = ParseCrl(base::AsBytes(theirs));
  ASSERT_THAT(our_crl, IsOk());
  ASSERT_THAT(their_crl, IsOk());
  EXPECT_EQ(base::Hex(our_crl->tbs), base::Hex(their_crl->tbs));
  EXPECT_EQ(*EntriesOf(*their_crl), entries);
  EXPECT_EQ(their_crl->number, 0x80f0u);
  EXPECT_EQ(their_crl->this_update, At("20240601000000Z"));
  EXPECT_EQ(their_crl->next_update, At("20600601000000Z"));
  EXPECT_THAT(VerifyCrl(*their_crl, ca_.key().public_key()), IsOk());
  size_t seen = 0;
  EXPECT_THAT(
      VerifyCrlInPieces(*their_crl, ca_.key().public_key(),
                        [&](base::Bytes piece) { seen += piece.size(); }),
      IsOk());
  EXPECT_EQ(seen, their_crl->tbs.size());
}

TEST_P(CrlTest, OpenSslVerifiesOurs) {
  CrlFacts facts = Facts();
  facts.distribution_point = "http://crl.example/issuing.crl";
  std::vector<Owned> entries;
  for (int i = 1; i < 2000; ++i) {
    const char serial[] = {'\x01', static_cast<char>(i >> 8),
                           static_cast<char>(i)};
    entries.push_back({std::string(serial, 3),
                       At("20240102030405Z") + absl::Hours(i), i % 11});
  }
  const auto der = SignCrl(facts, Views(entries), ca_.key());
  ASSERT_THAT(der, IsOk());
  const std::string path = WriteTemp("ours.crl", *der);
  EXPECT_TRUE(Succeeds("openssl crl -inform DER -verify -CAfile " +
                       ca_.Path("pem") + " -noout -in " + path));
  const std::string text =
      Shell("openssl crl -inform DER -text -noout -in " + path);
  EXPECT_NE(text.find("X509v3 Issuing Distribution Point: critical"),
            std::string::npos);
  EXPECT_NE(text.find("URI:http://crl.example/issuing.crl"), std::string::npos);
  size_t count = 0;
  for (size_t at = 0;
       (at = text.find("Serial Number:", at)) != std::string::npos; ++at) {
    ++count;
  }
  EXPECT_EQ(count, entries.size());
  const auto parsed = ParseCrl(base::AsBytes(*der));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_TRUE(parsed->distribution_point.has_value());
  EXPECT_FALSE(parsed->is_delta);
  EXPECT_EQ(*EntriesOf(*parsed), entries);
}

TEST_P(CrlTest, WithoutEntriesTheListIsAbsent) {
  const std::string theirs = ByOpenSsl({});
  const auto ours = SignCrl(Facts(), {}, ca_.key());
  ASSERT_THAT(ours, IsOk());
  EXPECT_EQ(base::Hex(ParseCrl(base::AsBytes(*ours))->tbs),
            base::Hex(ParseCrl(base::AsBytes(theirs))->tbs));
}

TEST_P(CrlTest, AnotherKeyDoesNotVerify) {
  const auto der = SignCrl(Facts(), {}, ca_.key());
  const testing::OpenSslCa other("other", GetParam());
  ASSERT_THAT(der, IsOk());
  EXPECT_FALSE(
      VerifyCrl(*ParseCrl(base::AsBytes(*der)), other.key().public_key()).ok());
}

TEST_P(CrlTest, NoByteCanBeChangedUnnoticed) {
  const std::vector<Owned> entries = {{"\x01", At("20240102030405Z"), 0},
                                      {"\x80", At("20240102030405Z"), 1}};
  const std::string der = *SignCrl(Facts(), Views(entries), ca_.key());
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    const auto parsed = ParseCrl(base::AsBytes(changed));
    EXPECT_FALSE(parsed.ok() && VerifyCrl(*parsed, ca_.key().public_key()).ok())
        << "byte " << i;
    const std::string part = der.substr(0, i);
    EXPECT_FALSE(ParseCrl(base::AsBytes(part)).ok()) << i;
  }
  const std::string longer = der + '\0';
  EXPECT_FALSE(ParseCrl(base::AsBytes(longer)).ok());
}

TEST_P(CrlTest, RefusesEntriesThatAreNotInOrder) {
  const absl::Time time = At("20240102030405Z");
  const std::vector<std::vector<Owned>> wrong = {
      {{"\x02", time, 0}, {"\x01", time, 0}},
      {{"\x01", time, 0}, {"\x01", time, 1}},
      {{"\x01\x01", time, 0}, {"\x01", time, 0}},
      {{"\x80", time, 0}, {"\x7f", time, 0}}};
  for (const std::vector<Owned>& entries : wrong) {
    EXPECT_THAT(SignCrl(Facts(), Views(entries), ca_.key()),
                StatusIs(absl::StatusCode::kInvalidArgument, "serial"));
  }
}

// RFC 5280 sections 5.2.4 and 5.2.6, as OpenSSL reads them.
TEST_P(CrlTest, ADeltaNamesItsBaseAndTheBaseItsDeltas) {
  CrlFacts facts = Facts();
  facts.freshest_url = "http://crl.example/issuing/delta.crl";
  const auto full = SignCrl(facts, {}, ca_.key());
  facts.freshest_url.clear();
  facts.base_number = facts.number;
  facts.number = 0x80f1;
  const std::vector<Owned> entries = {{"\x05", At("20240102030405Z"), 8}};
  const auto delta = SignCrl(facts, Views(entries), ca_.key());
  ASSERT_THAT(full, IsOk());
  ASSERT_THAT(delta, IsOk());
  const auto text = [](const std::string& der) {
    return Shell("openssl crl -inform DER -text -noout -in " +
                 WriteTemp("crl", der));
  };
  EXPECT_NE(text(*full).find("URI:http://crl.example/issuing/delta.crl"),
            std::string::npos);
  const std::string said = text(*delta);
  EXPECT_NE(said.find("X509v3 Delta CRL Indicator: critical"),
            std::string::npos);
  EXPECT_NE(said.find("33008"), std::string::npos);
  EXPECT_NE(said.find("Remove From CRL"), std::string::npos);
  const auto full_crl = ParseCrl(base::AsBytes(*full)),
             delta_crl = ParseCrl(base::AsBytes(*delta));
  EXPECT_FALSE(full_crl->is_delta);
  EXPECT_EQ(base::AsText(*full_crl->freshest_url),
            "http://crl.example/issuing/delta.crl");
  EXPECT_TRUE(delta_crl->is_delta);
  EXPECT_EQ(delta_crl->base_number, 0x80f0u);
  EXPECT_EQ(*EntriesOf(*delta_crl), entries);
}

// Dates at which calendars go wrong, and the ends of UTCTime: read back, and
// the same as OpenSSL's.
TEST_P(CrlTest, DatesAreWrittenAsTheyAre) {
  std::vector<Owned> entries;
  std::vector<testing::OpenSslCa::Row> rows;
  for (const char* date : {"700101000000", "721231235959", "000228235959",
                           "000229000000", "000301000000", "991231235959",
                           "240229120000", "260228235959", "491231235959"}) {
    const char serial = static_cast<char>(entries.size() + 1);
    const std::string century = date[0] < '5' ? "20" : "19";
    entries.push_back({std::string(1, serial), At(century + date + "Z"), 0});
    rows.push_back({"0" + std::to_string(serial), std::string(date) + "Z"});
  }
  const auto ours = SignCrl(Facts(), Views(entries), ca_.key());
  ASSERT_THAT(ours, IsOk());
  const std::string theirs = ByOpenSsl(rows);
  const auto crl = ParseCrl(base::AsBytes(*ours));
  EXPECT_EQ(base::Hex(crl->tbs),
            base::Hex(ParseCrl(base::AsBytes(theirs))->tbs));
  EXPECT_EQ(*EntriesOf(*crl), entries);
  entries = {{"\x01", At("20500101000000Z"), 1}};  // GeneralizedTime.
  const auto later = SignCrl(Facts(), Views(entries), ca_.key());
  EXPECT_EQ(*EntriesOf(*ParseCrl(base::AsBytes(*later))), entries);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, CrlTest,
    ::testing::Values("-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
                      "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
                      "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
                      "-algorithm ED25519"));

}  // namespace
}  // namespace chancery::x509
