#include "x509/certificate/names.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "x509/certificate/certificate.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// A self-signed certificate by `openssl req`; leaves it in "name.pem".
Certificate FromOpenSsl(const std::string& subject,
                        const std::string& alt_names) {
  const std::string config = WriteTemp(
      "name.cnf", "[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\n" +
                      alt_names + "\n");
  Shell("openssl req -x509 -new -newkey ed25519 -nodes -utf8 -days 9 -config " +
        config + " -subj '" + subject + "' -keyout " + TempPath("name.key") +
        " -out " + TempPath("name.pem"));
  const std::string der =
      Shell("openssl x509 -outform DER -in " + TempPath("name.pem"));
  auto parsed = Certificate::Parse(base::AsBytes(der));
  EXPECT_THAT(parsed, IsOk());
  return *std::move(parsed);
}

const std::vector<Attribute> kEverything = {
    {"C", "DE"},
    {"ST", "Bayern"},
    {"L", "München"},
    {"O", "Ex, Ample + \"Söhne\" <x>; \\"},
    {"OU", " #1 "},
    {"serialNumber", "HRB 1234"},
    {"DC", "example"},
    {"emailAddress", "ca@example.com"},
    {"1.3.6.1.4.1.311.60.2.1.3", "DE"},
    {"CN", "日本 CA"},
};

TEST(NameTest, IsEncodedAndReadAsByOpenSsl) {
  // OpenSSL takes "\" and "+" as its own.
  std::string subject;
  for (const Attribute& a : kEverything) {
    subject += "/" + a.type + "=";
    for (char c : a.value) {
      if (c == '\\' || c == '+') subject += '\\';
      subject += c;
    }
  }
  const Certificate certificate =
      FromOpenSsl(subject, "basicConstraints=CA:TRUE");
  const auto encoded = EncodeName(kEverything);
  ASSERT_THAT(encoded, IsOk());
  // OpenSSL has an opinion on which string type a country of incorporation is.
  auto parsed = ParseName(base::AsBytes(certificate.facts().subject));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(*parsed, kEverything);
  EXPECT_EQ(ParseName(base::AsBytes(*encoded)).value(), kEverything);
}

TEST(NameTest, HasTheBytesThatOpenSslWrites) {
  const Certificate certificate = FromOpenSsl(
      "/C=DE/ST=Bayern/L=München/O=Example/serialNumber=7/DC=example/"
      "emailAddress=ca@example.com/CN=日本 CA",
      "basicConstraints=CA:TRUE");
  const auto encoded = EncodeName({{"C", "DE"},
                                   {"ST", "Bayern"},
                                   {"L", "München"},
                                   {"O", "Example"},
                                   {"serialNumber", "7"},
                                   {"DC", "example"},
                                   {"emailAddress", "ca@example.com"},
                                   {"CN", "日本 CA"}});
  ASSERT_THAT(encoded, IsOk());
  EXPECT_EQ(base::Hex(base::AsBytes(*encoded)),
            base::Hex(base::AsBytes(certificate.facts().subject)));
}

TEST(NameTest, TextIsThatOfRfc4514) {
  const Certificate certificate = FromOpenSsl(
      "/C=DE/O=Ex, Ample \\+ \"Sons\" <x>; \\\\/OU= #1 /CN=#a", "nsComment=x");
  const auto parsed = ParseName(base::AsBytes(certificate.facts().subject));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ("subject=" + NameText(*parsed) + "\n",
            Shell("openssl x509 -noout -subject -nameopt RFC2253 -in " +
                  TempPath("name.pem")));
  EXPECT_EQ(NameText({}), "");
}

TEST(NameTest, RefusesValuesThatAreOutOfBounds) {
  const std::vector<Attribute> wrong = {
      {"CN", ""},
      {"CN", std::string(65, 'x')},
      {"CN", std::string("a\0b", 3)},
      {"CN", "a\nb"},
      {"CN", "\xff"},
      {"CN", "\xc0\x80"},      // An overlong NUL.
      {"CN", "\xed\xa0\x80"},  // A surrogate.
      {"CN", "\xc3"},
      {"C", "D"},
      {"C", "DEU"},
      {"C", "D*"},
      {"O", std::string(65, 'x')},
      {"L", std::string(129, 'x')},
      {"serialNumber", "ä"},
      {"DC", "ä"},
      {"nonsense", "x"},
      {"2.5.4", ""},
      {"2.5.4.15", std::string(257, 'x')},
  };
  for (const Attribute& attribute : wrong) {
    EXPECT_THAT(EncodeName({attribute}), StatusIs(kInvalid, attribute.type))
        << attribute.type << "=" << attribute.value;
  }
  std::string umlauts;
  for (int i = 0; i < 64; ++i) umlauts += "ä";
  EXPECT_THAT(EncodeName({{"CN", umlauts}}), IsOk()) << "characters, not bytes";
}

TEST(NameTest, RefusesWhatIsNoNameOrNoText) {
  const struct {
    const char* what;
    const char* hex;
  } wrong[] = {
      {"nothing", ""},
      {"trailing bytes", "300000"},
      {"an empty RDN", "30023100"},
      {"NUL", "300f310d300b06035504030c0461006263"},
      {"not UTF-8", "300c310a300806035504030c01ff"},
      {"a line feed", "300c310a300806035504030c010a"},
      {"BMPString", "300d310b300906035504031e020041"},
      {"an INTEGER", "300c310a30080603550403020141"},
      {"an attribute with a third field", "300e310c300a06035504030c01410500"},
  };
  for (const auto& c : wrong) {
    const std::string der = *base::FromHex(c.hex);
    EXPECT_THAT(ParseName(base::AsBytes(der)), StatusIs(kInvalid, "name"))
        << c.what;
  }
}

TEST(AltNamesTest, AreEncodedAndReadAsByOpenSsl) {
  const std::vector<AltName> names = {
      {AltNameKind::kDns, "www.example.com"},
      {AltNameKind::kDns, "*.example.com"},
      {AltNameKind::kEmail, "a@example.com"},
      {AltNameKind::kUri, "spiffe://cluster/role/name"},
      {AltNameKind::kIp, *base::FromHex("c0000201")},
      {AltNameKind::kIp, *base::FromHex("20010db8000000000000000000000001")},
  };
  const Certificate certificate = FromOpenSsl(
      "/CN=x",
      "subjectAltName=critical,DNS:www.example.com,DNS:*.example.com,"
      "email:a@example.com,URI:spiffe://cluster/role/name,IP:192.0.2.1,"
      "IP:2001:db8::1");
  EXPECT_EQ(certificate.facts().extensions.alt_names, names);
  EXPECT_TRUE(certificate.facts().extensions.alt_names_critical);
  const std::string ours = EncodeAltNames(names);
  EXPECT_NE(certificate.der().find(ours), std::string::npos);
  EXPECT_EQ(ParseAltNames(base::AsBytes(ours)).value(), names);
}

TEST(AltNamesTest, HaveText) {
  EXPECT_EQ(AltNameText({AltNameKind::kDns, "a.example"}), "DNS:a.example");
  EXPECT_EQ(AltNameText({AltNameKind::kEmail, "a@b"}), "email:a@b");
  EXPECT_EQ(AltNameText({AltNameKind::kUri, "x://y"}), "URI:x://y");
  EXPECT_EQ(AltNameText({AltNameKind::kIp, "\x7f\x01\x01\x01"}),
            "IP:127.1.1.1");
  EXPECT_EQ(AltNameText({AltNameKind::kIp, std::string(15, '\0') + "\x01"}),
            "IP:::1");
}

TEST(AltNamesTest, RefusesWhatItsKindCannotHave) {
  const struct {
    const char* what;
    const char* hex;
  } wrong[] = {
      {"nothing", ""},
      {"trailing bytes",
       "3003820161"
       "00"},
      {"an empty name", "30028200"},
      {"NUL in a DNS name", "30058203610062"},
      {"not ASCII", "30038201e4"},
      {"an address of three octets", "30058703010203"},
      {"an address with its mask", "300a8708c0000201ffffff00"},
      {"a directoryName", "3004a4023000"},
      {"an otherName", "3000a000"},
      {"a constructed DNS name",
       "3005a20382"
       "0161"},
  };
  for (const auto& c : wrong) {
    const std::string der = *base::FromHex(c.hex);
    EXPECT_EQ(ParseAltNames(base::AsBytes(der)).status().code(), kInvalid)
        << c.what;
  }
}

TEST(AltNamesTest, AreAtMostAThousand) {
  std::vector<AltName> names(1000, {AltNameKind::kDns, "a.example"});
  const std::string most = EncodeAltNames(names);
  EXPECT_THAT(ParseAltNames(base::AsBytes(most)), IsOk());
  names.push_back(names[0]);
  const std::string over = EncodeAltNames(names);
  EXPECT_THAT(ParseAltNames(base::AsBytes(over)),
              StatusIs(kInvalid, "1001 names; at most 1000"));
}

}  // namespace
}  // namespace chancery::x509
