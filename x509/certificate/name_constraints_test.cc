#include "x509/certificate/name_constraints.h"

#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using Kind = NameSubtree::Kind;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// A CA that OpenSSL makes; its leaves are OpenSSL's too.
class OpenSslCa {
 public:
  static OpenSslCa WithConstraints(const std::string& constraints) {
    return OpenSslCa("-subj /O=Test/CN=CA -addext 'nameConstraints=critical," +
                     constraints + "'");
  }
  // As `openssl req -config` takes it.
  static OpenSslCa WithConfig(const std::string& config) {
    return OpenSslCa("-config " + WriteTemp("nc.cnf", config));
  }

  NameConstraints Constraints() const {
    const auto der =
        DecodePem("CERTIFICATE", Shell("cat " + TempPath("nc.pem")));
    const auto ca = Certificate::Parse(base::AsBytes(der.value().front()));
    EXPECT_THAT(ca, IsOk());
    EXPECT_EQ(ca->unknown_critical(), "");
    return ca->facts().extensions.name_constraints.value();
  }

  // Whether OpenSSL takes a certificate of the CA with this name, as it writes
  // them in subjectAltName.
  bool AcceptsName(const std::string& name) const {
    return Accepts("subjectAltName=" + name);
  }
  bool AcceptsSubject(const std::string& subject) const {
    MakeCsr(subject);
    return Accepts("basicConstraints=CA:FALSE");
  }

 private:
  explicit OpenSslCa(const std::string& arguments) {
    Shell(
        "umask 077; openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -keyout " +
        TempPath("nc.key") + " -out " + TempPath("nc.pem") + " -days 10 " +
        arguments);
    MakeCsr("/O=Other");
  }
  static void MakeCsr(const std::string& subject) {
    Shell(
        "umask 077; openssl req -new -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj '" +
        subject + "' -out " + TempPath("leaf.csr"));
  }
  static bool Accepts(const std::string& extension) {
    Shell("openssl x509 -req -in " + TempPath("leaf.csr") + " -days 5 -CA " +
          TempPath("nc.pem") + " -CAkey " + TempPath("nc.key") +
          " -set_serial 7 -extfile " + WriteTemp("nc.ext", extension + "\n") +
          " -out " + TempPath("leaf.pem"));
    return Succeeds("openssl verify -CAfile " + TempPath("nc.pem") + " " +
                    TempPath("leaf.pem"));
  }
};

AltName Name(AltNameKind kind, const std::string& value) {
  if (kind != AltNameKind::kIp) return {.kind = kind, .value = value};
  const auto subtree = NameSubtreeFromText(
      Kind::kIp,
      value + (value.find(':') == std::string::npos ? "/32" : "/128"));
  return {.kind = kind,
          .value = subtree->value.substr(0, subtree->value.size() / 2)};
}

struct Asked {
  const char* openssl;  // As OpenSSL writes the name.
  AltNameKind kind;
  const char* value;
};

// Each name against each CA that constrains its kind, and one of another kind:
// the verdict is OpenSSL's.
TEST(NameConstraintsTest, AgreesWithOpenSsl) {
  const char* cas[] = {
      "permitted;DNS:example.com",
      "permitted;DNS:.example.com",
      "excluded;DNS:example.com",
      "permitted;DNS:example.com,excluded;DNS:a.example.com",
      "permitted;email:example.com",
      "permitted;email:.example.com",
      "excluded;email:boss@example.com",
      "permitted;URI:example.com",
      "permitted;URI:.example.com",
      "permitted;IP:10.0.0.0/255.0.0.0",
      "excluded;IP:10.1.0.0/255.255.0.0",
      "permitted;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0",
  };
  const Asked names[] = {
      {"DNS:example.com", AltNameKind::kDns, "example.com"},
      {"DNS:a.example.com", AltNameKind::kDns, "a.example.com"},
      {"DNS:b.A.Example.com", AltNameKind::kDns, "b.A.Example.com"},
      {"DNS:notexample.com", AltNameKind::kDns, "notexample.com"},
      {"DNS:example.com.evil.org", AltNameKind::kDns, "example.com.evil.org"},
      {"email:me@example.com", AltNameKind::kEmail, "me@example.com"},
      {"email:boss@Example.com", AltNameKind::kEmail, "boss@Example.com"},
      {"email:me@a.example.com", AltNameKind::kEmail, "me@a.example.com"},
      {"URI:https://example.com/x", AltNameKind::kUri, "https://example.com/x"},
      {"URI:https://a.example.com:8443/", AltNameKind::kUri,
       "https://a.example.com:8443/"},
      {"URI:https://example.org/", AltNameKind::kUri, "https://example.org/"},
      {"IP:10.1.2.3", AltNameKind::kIp, "10.1.2.3"},
      {"IP:10.2.0.1", AltNameKind::kIp, "10.2.0.1"},
      {"IP:11.0.0.1", AltNameKind::kIp, "11.0.0.1"},
      {"IP:2001:db8::1", AltNameKind::kIp, "2001:db8::1"},
      {"IP:2001:db9::1", AltNameKind::kIp, "2001:db9::1"},
  };
  for (const char* constraints : cas) {
    const OpenSslCa ca = OpenSslCa::WithConstraints(constraints);
    const NameConstraints parsed = ca.Constraints();
    bool other_kind = false;
    for (const Asked& asked : names) {
      const std::string name = asked.openssl;
      const std::string kind = name.substr(0, name.find(':') + 1);
      if (std::string(constraints).find(kind) == std::string::npos) {
        if (other_kind) continue;
        other_kind = true;
      }
      EXPECT_EQ(
          CheckPermitted(parsed, Name(asked.kind, asked.value), "the CA").ok(),
          ca.AcceptsName(asked.openssl))
          << constraints << " " << asked.openssl;
    }
  }
}

TEST(NameConstraintsTest, SubjectsAgreeWithOpenSslToo) {
  const OpenSslCa ca = OpenSslCa::WithConfig(
      "[req]\ndistinguished_name=d\nx509_extensions=e\nprompt=no\n"
      "[d]\nO=Test\nCN=CA\n[e]\nbasicConstraints=critical,CA:TRUE\n"
      "nameConstraints=critical,permitted;dirName:base\n"
      "[base]\nC=DE\nO=Example Inc\n");
  const NameConstraints parsed = ca.Constraints();
  const struct {
    const char* openssl;
    std::vector<Attribute> subject;
  } subjects[] = {
      {"/C=DE/O=Example Inc/CN=a",
       {{"C", "DE"}, {"O", "Example Inc"}, {"CN", "a"}}},
      {"/C=DE/O=EXAMPLE INC/CN=a",
       {{"C", "DE"}, {"O", "EXAMPLE INC"}, {"CN", "a"}}},
      {"/C=DE/O=Example", {{"C", "DE"}, {"O", "Example"}}},
      {"/C=DE/CN=a", {{"C", "DE"}, {"CN", "a"}}},
      {"/O=Example Inc/C=DE", {{"O", "Example Inc"}, {"C", "DE"}}},
  };
  for (const auto& s : subjects) {
    const std::string der = EncodeName(s.subject).value();
    EXPECT_EQ(CheckPermittedSubject(parsed, base::AsBytes(der), "the CA").ok(),
              ca.AcceptsSubject(s.openssl))
        << s.openssl;
  }
  const std::string empty("\x30\x00", 2);
  EXPECT_THAT(CheckPermittedSubject(parsed, base::AsBytes(empty), "the CA"),
              IsOk());
}

TEST(NameConstraintsTest, AWildcardTouchesWhatItCovers) {
  const NameConstraints constraints = {
      .permitted = {}, .excluded = {{Kind::kDns, "a.example.com"}}};
  const auto check = [&](const std::string& name) {
    return CheckPermitted(constraints, {AltNameKind::kDns, name}, "the CA");
  };
  EXPECT_THAT(check("*.example.com"),
              StatusIs(kInvalid, "a.example.com is excluded by the CA"));
  EXPECT_THAT(check("*.a.example.com"), StatusIs(kInvalid, "excluded"));
  EXPECT_THAT(check("*.b.example.com"), IsOk());
  EXPECT_THAT(check("b.example.com"), IsOk());
}

TEST(NameConstraintsTest, UrisWithoutAHostNameAreRefused) {
  const NameConstraints constraints = {
      .permitted = {{Kind::kUri, "example.com"}}, .excluded = {}};
  for (const char* uri : {"https://10.0.0.1/", "https://[2001:db8::1]/"}) {
    EXPECT_THAT(CheckPermitted(constraints, {AltNameKind::kUri, uri}, "the CA"),
                StatusIs(kInvalid, "its host is no name"));
    EXPECT_THAT(CheckPermitted({}, {AltNameKind::kUri, uri}, "the CA"), IsOk());
  }
}

TEST(NameConstraintsTest, MailboxesInTheSubjectObeyToo) {
  const NameConstraints constraints = {
      .permitted = {{Kind::kEmail, "example.com"}}, .excluded = {}};
  const auto check = [&](const char* address) {
    const std::string der = *EncodeName({{"emailAddress", address}});
    return CheckPermittedSubject(constraints, base::AsBytes(der), "the CA");
  };
  EXPECT_THAT(check("a@example.com"), IsOk());
  EXPECT_THAT(check("a@example.org"),
              StatusIs(kInvalid, "permitted by the CA is only example.com"));
}

TEST(NameConstraintsTest, IsWrittenAsByOpenSsl) {
  const OpenSslCa ca = OpenSslCa::WithConstraints(
      "permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0,"
      "permitted;email:.example.com,excluded;URI:a.example.com");
  const NameConstraints parsed = ca.Constraints();
  const auto subtree = [](Kind kind, const char* text) {
    return NameSubtreeFromText(kind, text).value();
  };
  EXPECT_EQ(parsed, (NameConstraints{
                        .permitted = {subtree(Kind::kDns, "example.com"),
                                      subtree(Kind::kIp, "10.0.0.0/8"),
                                      subtree(Kind::kEmail, ".example.com")},
                        .excluded = {subtree(Kind::kUri, "a.example.com")}}));
  const auto der = DecodePem("CERTIFICATE", Shell("cat " + TempPath("nc.pem")));
  EXPECT_NE(der->front().find(EncodeNameConstraints(parsed)),
            std::string::npos);
  EXPECT_EQ(NameSubtreeText(parsed.permitted[1]), "10.0.0.0/8");
  EXPECT_EQ(NameSubtreeText(subtree(Kind::kIp, "2001:db8::/32")),
            "2001:db8::/32");
}

TEST(NameConstraintsTest, RefusesTextThatIsNoSubtree) {
  const struct {
    Kind kind;
    const char* text;
  } wrong[] = {
      {Kind::kDns, ""},          {Kind::kDns, ".example.com"},
      {Kind::kDns, "*.a.com"},   {Kind::kDns, "a..b"},
      {Kind::kDns, "a.b."},      {Kind::kEmail, "@example.com"},
      {Kind::kEmail, "a@"},      {Kind::kUri, "https://a"},
      {Kind::kUri, "."},         {Kind::kIp, "10.0.0.0"},
      {Kind::kIp, "10.0.0.1/8"}, {Kind::kIp, "10.0.0.0/33"},
      {Kind::kIp, "x/8"},        {Kind::kIp, "2001:db8::/129"},
      {Kind::kDirectory, "O=x"},
  };
  for (const auto& c : wrong) {
    EXPECT_THAT(NameSubtreeFromText(c.kind, c.text),
                StatusIs(kInvalid, "name constraint"))
        << c.text;
  }
}

TEST(NameConstraintsTest, RefusesWhatIsMalformed) {
  const struct {
    const char* what;
    const char* hex;
  } wrong[] = {
      {"no subtrees", "3000"},
      {"an empty list", "3002a000"},
      {"a minimum", "300aa0083006820161800100"},
      {"an address of five octets", "300ba009300787050a00000000"},
      {"trailing bytes",
       "3007a0053003820161"
       "00"},
      {"a directoryName that is no Name", "3008a0063004a4020500"},
  };
  for (const auto& c : wrong) {
    const std::string der = *base::FromHex(c.hex);
    EXPECT_EQ(ParseNameConstraints(base::AsBytes(der)).status().code(),
              kInvalid)
        << c.what;
  }
  const std::string right = *base::FromHex("3007a0053003820161");
  EXPECT_THAT(ParseNameConstraints(base::AsBytes(right)), IsOk());
  // registeredID: not ours, and passed over.
  const std::string other = *base::FromHex("3008a006300488022a03");
  EXPECT_THAT(ParseNameConstraints(base::AsBytes(other)), IsOk());
}

}  // namespace
}  // namespace chancery::x509
