// What clients must not send: each gets an error that names field, value and
// rule, and leaves nothing in the ledger.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "der/reader.h"
#include "der/writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"
#include "x509/certificate/extensions.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using testing::FakeDisk;
using ::testing::HasSubstr;
using testing::SignerWorld;
using testing::TestPki;
using testing::TestSigner;

constexpr char kP256[] = "ec -pkeyopt ec_paramgen_curve:P-256";

// A request of OpenSSL's for these lines of an extension section, and this
// subject section; its key stays in csr.key.
std::string CsrFor(const std::string& extensions,
                   const std::string& subject = "O=Example\n",
                   const std::string& key = kP256) {
  const std::string config =
      WriteTemp("csr.cnf",
                "[req]\ndistinguished_name=d\nreq_extensions=e\nprompt=no\n"
                "string_mask=utf8only\nutf8=yes\n[d]\n" +
                    subject + "[e]\n" + extensions);
  Shell("umask 077; rm -f " + TempPath("csr.key") +
        "; openssl req -new -newkey " + key + " -nodes -keyout " +
        TempPath("csr.key") + " -outform DER -out " + TempPath("csr.der") +
        " -config " + config + " 2>&1");
  return Shell("cat " + TempPath("csr.der"));
}

std::string CsrForNames(const std::string& names) {
  return CsrFor("subjectAltName=" + names + "\n");
}

// A name that OpenSSL would not write: the DNS name's bytes.
std::string CsrForDnsBytes(const std::string& name) {
  der::Writer names;
  names.AddSequence([&](der::Writer& w) { w.Add(der::Implicit(2), name); });
  const std::string der = names.Take();
  return CsrForNames("DER:" + base::Hex(base::AsBytes(der)));
}

// `csr` with `from` replaced by `to`, of the same length, signed again by
// OpenSSL with the key of CsrFor.
std::string Resigned(const std::string& csr, const std::string& from,
                     const std::string& to) {
  der::Reader in(base::AsBytes(csr)), outer;
  base::Bytes info, algorithm;
  EXPECT_TRUE(in.ReadSequence(outer) &&
              outer.ReadElement(der::Tag::kSequence, info) &&
              outer.ReadElement(der::Tag::kSequence, algorithm));
  std::string changed = base::ToString(info);
  const size_t at = changed.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(from.size(), to.size());
  changed.replace(at, from.size(), to);
  const std::string signature =
      Shell("openssl dgst -sha256 -sign " + TempPath("csr.key") + " " +
            WriteTemp("info.der", changed));
  der::Writer out;
  out.AddSequence([&](der::Writer& w) {
    w.AddElement(changed);
    w.AddElement(algorithm);
    w.AddBitString(base::AsBytes(signature));
  });
  return out.Take();
}

std::string Replaced(std::string csr, const std::string& from,
                     const std::string& to) {
  const size_t at = csr.find(from);
  EXPECT_NE(at, std::string::npos);
  return csr.replace(at, to.size(), to);
}

// A request for an RSA key whose primes are what `program`, Python, computes as
// p and q; signed by python3-cryptography.
std::string CsrForPrimes(const std::string& program) {
  return *base::FromHex(Shell("python3 " + WriteTemp("primes.py", program + R"(
import warnings
warnings.simplefilter('ignore')
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
e = 65537
d = pow(e, -1, (p - 1) * (q - 1))
key = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                            rsa.RSAPublicNumbers(e, p * q)).private_key()
csr = (x509.CertificateSigningRequestBuilder()
       .subject_name(x509.Name([]))
       .add_extension(x509.SubjectAlternativeName(
           [x509.DNSName('a.example.com')]), False)
       .sign(key, hashes.SHA256()))
print(csr.public_bytes(serialization.Encoding.DER).hex(), end='')
)")));
}

constexpr char kPrimes[] = R"(
import random
random.seed(7)
def is_prime(n):
    if any(n % s == 0 for s in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    return all(pow(b, n - 1, n) == 1 for b in (2, 3, 5))
def next_prime(n):
    n |= 1
    while not is_prime(n) or (n - 1) % 65537 == 0: n += 2
    return n
)";

struct Row {
  const char* name;
  std::function<std::string()> csr;
  std::vector<const char*> says;  // All of it.
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

class BadRequestsTest : public ::testing::Test {
 protected:
  BadRequestsTest() {
    Issuer issuer = pki_.issuer();
    policy::Profile wide = issuer.profiles["server"];
    wide.name = "wide";
    wide.allow_wildcard = true;
    wide.max_names = 1000;
    wide.alt_name_kinds.insert(x509::AltNameKind::kEmail);
    wide.alt_name_kinds.insert(x509::AltNameKind::kUri);
    wide.subject_attributes.insert("O");
    wide.copied_extensions = {"1.2.3.4", x509::kTlsFeatureOid,
                              x509::kKeyUsageOid};
    issuer.profiles["wide"] = wide;
    signer_.emplace(std::vector<Issuer>{issuer}, *pki_.manifest_key(), disk_,
                    clock_);
    EXPECT_THAT(signer_->Start(), IsOk());
  }

  absl::StatusOr<Issued> Issue(const std::string& csr) {
    return signer_->issuance().Issue({.asker = SignerWorld::Ask("1"),
                                      .issuer = "issuing",
                                      .profile = "wide",
                                      .csr = csr});
  }

  void ExpectRefused(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.name);
      const auto issued = Issue(row.csr());
      EXPECT_EQ(issued.status().code(), row.code) << issued.status();
      for (const char* part : row.says) {
        EXPECT_THAT(std::string(issued.status().message()), HasSubstr(part));
      }
      EXPECT_EQ(signer_->ledger().Head().size, 0u);
      EXPECT_EQ(disk_.writes(), 0u);
    }
  }

  const TestPki pki_;
  FakeDisk disk_;
  base::testing::FakeClock clock_{TestPki::Options().now};
  std::optional<TestSigner> signer_;
};

TEST_F(BadRequestsTest, ARightOneIsTaken) {
  EXPECT_THAT(Issue(CsrForNames("DNS:*.example.com,DNS:xn--bcher-kva.example,"
                                "IP:10.0.0.1,URI:spiffe://a/b,email:a@b.c")),
              IsOk());
}

// So that the rows below are refused for what was changed in them.
TEST_F(BadRequestsTest, ASignatureOfTheTestIsTakenToo) {
  EXPECT_THAT(Issue(Resigned(CsrForNames("DNS:a.example.com"), "a.example.com",
                             "b.example.com")),
              IsOk());
}

TEST_F(BadRequestsTest, Sizes) {
  const std::string csr = CsrForNames("DNS:a.example.com");
  ExpectRefused({
      {"Empty", [] { return ""; }, {"csr: malformed structure"}},
      {"OneByte", [&] { return csr.substr(0, 1); }, {"csr: malformed"}},
      {"Half", [&] { return csr.substr(0, csr.size() / 2); }, {"malformed"}},
      {"OneByteShort",
       [&] { return csr.substr(0, csr.size() - 1); },
       {"malformed"}},
      {"OneByteLong", [&] { return csr + "x"; }, {"malformed"}},
      {"TwoRequests", [&] { return csr + csr; }, {"malformed"}},
      {"Oversized",
       [] {
         return CsrFor(
             "subjectAltName=DNS:a.example.com\n1.2.3.4=DER:0c8300ffff" +
             std::string(2 * 0xffff, '4') + "\n");
       },
       {"csr: 6", " bytes; at most 65536 are allowed"}},
      {"TenThousandNames",
       [] {
         std::string lines = "subjectAltName=@a\n[a]\n";
         for (int i = 0; i < 10000; ++i) {
           absl::StrAppend(&lines, "IP.", i, "=10.0.", i / 250, ".", i % 250,
                           "\n");
         }
         return CsrFor(lines);
       },
       {"subjectAltName: 10000 names; at most 1000 are allowed"}},
  });
}

TEST_F(BadRequestsTest, MoreNamesThanTheProfileAllows) {
  std::string names = "DNS:a0.example.com";
  for (int i = 1; i <= 100; ++i) {
    absl::StrAppend(&names, ",DNS:a", i, ".example.com");
  }
  EXPECT_THAT(signer_->issuance().Issue({.asker = SignerWorld::Ask("1"),
                                         .issuer = "issuing",
                                         .profile = "server",
                                         .csr = CsrForNames(names)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "csr: asks for 101 names; at most 100 are allowed"));
}

TEST_F(BadRequestsTest, BytesThatAreNoText) {
  ExpectRefused({
      {"NulInADnsName",
       [] { return CsrForDnsBytes(std::string("a.example\0.evil.org", 19)); },
       {"subjectAltName: \"a.example\\x00.evil.org\" is not of ASCII"}},
      {"NewlineInADnsName",
       [] { return CsrForDnsBytes("a.example\n.org"); },
       {"subjectAltName: \"a.example\\n.org\" is not of ASCII"}},
      {"ULabel",
       [] {
         return CsrForDnsBytes(
             "b\xc3\xbc"
             "cher.example");
       },
       {"subjectAltName: \"b\\xc3\\xbc\\x63her.example\"", "A-labels", "xn--",
        "RFC 5280 section 7.2"}},
      {"LatinInADnsName",
       [] {
         return CsrForDnsBytes(
             "b\xfc"
             "cher.example");
       },
       {"subjectAltName: \"b\\xfc\\x63her.example\" is not of ASCII"}},
      {"NulInTheSubject",
       [] {
         return Resigned(
             CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example!Ltd\n"),
             "Example!Ltd", std::string("Example\0Ltd", 11));
       },
       {"name: O \"Example\\x00Ltd\" is not text"}},
      {"NoUtf8InTheSubject",
       [] {
         return Resigned(
             CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example!Ltd\n"),
             "Example!Ltd", "Example\xffLtd");
       },
       {"name: O \"Example\\xffLtd\" is not text"}},
      {"OverlongUtf8InTheSubject",
       [] {
         return Resigned(
             CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example!!Ltd\n"),
             "Example!!Ltd", "Example\xc0\xafLtd");
       },
       {"name: O \"Example\\xc0\\xafLtd\" is not text"}},
  });
}

TEST_F(BadRequestsTest, Wildcards) {
  const auto dns = [](const char* name) {
    return [name] { return CsrForDnsBytes(name); };
  };
  ExpectRefused({
      {"Alone", dns("*"), {"DNS name \"*\": a wildcard stands above"}},
      {"AboveATopLevelDomain", dns("*.com"), {"\"*.com\"", "two labels"}},
      {"PartOfALabel",
       dns("a*.example.com"),
       {"\"a*.example.com\": a label has letters", "whole first label"}},
      {"InTheMiddle", dns("www.*.example.com"), {"whole first label"}},
      {"Twice", dns("*.*.example.com"), {"whole first label"}},
      {"InAnALabel", dns("xn--*.example.com"), {"whole first label"}},
  });
  EXPECT_THAT(
      signer_->issuance().Issue({.asker = SignerWorld::Ask("1"),
                                 .issuer = "issuing",
                                 .profile = "server",
                                 .csr = CsrForNames("DNS:*.a.example")}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "DNS name \"*.a.example\": the profile allows no "
               "wildcards"));
}

// A-labels are decoded, checked by IDNA 2008 and encoded again.
TEST_F(BadRequestsTest, InternationalNames) {
  const auto dns = [](const char* name) {
    return [name] { return CsrForDnsBytes(name); };
  };
  ExpectRefused({
      {"NoPunycode",
       dns("xn--ab-99999.example"),
       {"DNS name \"xn--ab-99999.example\": the label xn--ab-99999 is no "
        "A-label "
        "of IDNA 2008",
        "RFC 5891 section 4.2"}},
      // U+2603, a snowman: DISALLOWED (RFC 5892).
      {"ASymbol", dns("xn--n3h.example"), {"the label xn--n3h is no A-label"}},
      // A label that is ASCII encodes to itself.
      {"AsciiInDisguise", dns("xn--example-.example"), {"DNS name"}},
      {"AnotherPrefix", dns("ab--cd.example"), {"RFC 5891 section 4.2.3.1"}},
  });
}

TEST_F(BadRequestsTest, NamesOfOtherForms) {
  const auto names = [](const char* text) {
    return [text] { return CsrForNames(text); };
  };
  ExpectRefused({
      {"Underscore", names("DNS:a_b.example.com"), {"\"a_b.example.com\""}},
      {"AddressAsDnsName",
       names("DNS:10.0.0.1"),
       {"DNS name \"10.0.0.1\"", "addresses are IP names"}},
      {"LabelOf64",
       [] { return CsrForNames("DNS:" + std::string(64, 'a') + ".example"); },
       {"a label has 1 to 63 characters"}},
      {"NameOf254",
       [] {
         std::string name = "DNS:";
         for (int i = 0; i < 4; ++i) name += std::string(61, 'a') + ".";
         return CsrForNames(name + "abcdef");
       },
       {"1 to 253 characters"}},
      {"FinalDot", names("DNS:a.example."), {"DNS name \"a.example.\""}},
      {"NoMailbox", names("email:nobody"), {"email name \"nobody\""}},
      {"UserInAUri", names("URI:https://me@a.example/"), {"URI name", "user"}},
      {"RegisteredId", names("RID:1.2.3.4"), {"a kind of name other than"}},
      {"OtherName", names("otherName:1.2.3;UTF8:x"), {"a kind of name other"}},
      {"None",
       [] { return CsrFor("keyUsage=digitalSignature\n"); },
       {"no subject alternative name"}},
  });
}

TEST_F(BadRequestsTest, Keys) {
  const std::string ec = CsrForNames("DNS:a.example.com");
  const std::string rsa3 =
      CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example\n",
             "rsa:2048 -pkeyopt rsa_keygen_pubexp:3");
  const std::string rsa =
      CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example\n", "rsa:2048");
  // BIT STRING of a P-256 point: 03 42 00 04 x y.
  const size_t point = ec.find(std::string("\x03\x42\x00\x04", 4)) + 4;
  const auto with = [](std::string csr, size_t at, char byte) {
    csr[at] = static_cast<char>(csr[at] ^ byte);
    return csr;
  };
  const std::string exponent3("\x02\x01\x03", 3);
  ExpectRefused({
      {"PointOffTheCurve",
       [&] { return with(ec, point + 63, 1); },
       {"public key: EC P-256 point is not on its curve"}},
      {"CompressedPoint",
       [&] { return with(ec, point - 1, 6); },
       {"public key: EC P-256 point is not uncompressed"}},
      {"CoordinateAboveTheField",
       [&] {
         std::string csr = ec;
         return csr.replace(point, 32, std::string(32, '\xff'));
       },
       {"public key: EC P-256 point is not on its curve"}},
      {"ExponentOf3",
       [&] { return rsa3; },
       {"key: RSA exponent 3: an odd one"}},
      {"ExponentOf1",
       [&] {
         return Replaced(rsa3, exponent3, std::string("\x02\x01\x01", 3));
       },
       {"key: RSA exponent 1: an odd one of 65537 or more"}},
      {"EvenExponent",
       [&] {
         return Replaced(rsa, std::string("\x02\x03\x01\x00\x01", 5),
                         std::string("\x02\x03\x01\x00\x02", 5));
       },
       {"key: RSA exponent 65538: an odd one of 65537 or more"}},
      {"ShortRsa",
       [] {
         return CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example\n",
                       "rsa:1024");
       },
       {"key: RSA of 1024 bits: 2048 to 4096"}},
      {"Dsa",
       [] {
         Shell("openssl dsaparam -out " + TempPath("dsa.pem") +
               " 1024 2>/dev/null");
         return CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example\n",
                       "dsa:" + TempPath("dsa.pem"));
       },
       {"public key algorithm", "is not supported"},
       absl::StatusCode::kUnimplemented},
      {"UnknownCurve",
       [] {
         return CsrFor("subjectAltName=DNS:a.example.com\n", "O=Example\n",
                       "ec -pkeyopt ec_paramgen_curve:secp256k1");
       },
       {"public key algorithm", "is not supported"},
       absl::StatusCode::kUnimplemented},
      {"AnothersKey",
       [&] {
         // The signature of another request.
         return ec.substr(0, ec.size() - 8) + "AAAAAAAA";
       },
       {"csr: its signature does not verify"}},
      {"ClosePrimes",
       [] {
         return CsrForPrimes(std::string(kPrimes) +
                             "p = next_prime(3 << 1022 | 12345)\n"
                             "q = next_prime(p + 100)\n");
       },
       {"key: its RSA primes are so close", "100 rounds"}},
      {"Roca",
       [] {
         // Primes k * M + (65537^a mod M), M the product of the first primes.
         return CsrForPrimes(std::string(kPrimes) + R"(
M, n = 1, 2
for _ in range(126):
    while any(n % d == 0 for d in range(2, n)): n += 1
    M *= n
    n += 1
def prime():
    while True:
        k = random.getrandbits(1024 - M.bit_length())
        c = k * M + pow(65537, random.getrandbits(250), M)
        if is_prime(c) and (c - 1) % 65537: return c
p = q = 3
while (p * q).bit_length() != 2048: p, q = prime(), prime()
)");
       },
       {"key: its RSA modulus has the ROCA fingerprint"}},
  });
}

TEST_F(BadRequestsTest, Extensions) {
  const std::string name = "subjectAltName=DNS:a.example.com\n";
  ExpectRefused({
      {"SixtyFive",
       [&] {
         std::string lines = name;
         for (int i = 0; i < 64; ++i)
           absl::StrAppend(&lines, "1.2.3.5.", i, "=ASN1:NULL\n");
         return CsrFor(lines);
       },
       {"csr: extensionRequest: 65 extensions; at most 64 are allowed"}},
      {"Thousands",
       [&] {
         std::string lines = name;
         for (int i = 0; i < 3000; ++i)
           absl::StrAppend(&lines, "1.2.3.5.", i, "=ASN1:NULL\n");
         return CsrFor(lines);
       },
       {"3001 extensions; at most 64"}},
      {"OneTwice",
       [&] {
         return Resigned(
             CsrFor(name + "1.2.3.61=ASN1:NULL\n1.2.3.62=ASN1:NULL\n"),
             "\x06\x03\x2a\x03\x3e", "\x06\x03\x2a\x03\x3d");
       },
       {"csr: extensionRequest: 1.2.3.61 twice"}},
      {"CopiedAndCritical",
       [&] { return CsrFor(name + "1.2.3.4=critical,ASN1:NULL\n"); },
       {"csr: extension 1.2.3.4: critical", "RFC 5280 section 4.2"}},
      {"CopiedAndLarge",
       [&] {
         return CsrFor(name + "1.2.3.4=DER:0c821000" + std::string(8192, '4') +
                       "\n");
       },
       {"csr: extension 1.2.3.4: 4100 bytes", "at most 4096"}},
      {"CopiedAndNoDer",
       [&] { return CsrFor(name + "1.2.3.4=DER:0c05\n"); },
       {"csr: extension 1.2.3.4: 2 bytes", "one DER value"}},
      {"CopiedUsageOfACa",
       [&] { return CsrFor(name + "keyUsage=critical,keyCertSign\n"); },
       {"csr: extension 2.5.29.15: keyUsage with bits that profile \"wide\""}},
      {"CopiedFeature",
       [&] { return CsrFor(name + "tlsfeature=10\n"); },
       {"csr: extension 1.3.6.1.5.5.7.1.24: tlsFeature 10: only 5"}},
      {"CopiedAndMalformed",
       [&] { return CsrFor(name + "1.3.6.1.5.5.7.1.24=DER:0500\n"); },
       {"csr: extension 1.3.6.1.5.5.7.1.24: "}},
  });
}

// Nesting costs nothing: readers do not descend into what they do not know.
TEST_F(BadRequestsTest, DeepNestingIsNoWork) {
  std::string nested = "0500";
  for (int i = 0; i < 1000; ++i) {
    const size_t size = nested.size() / 2;
    nested = (size < 128 ? absl::StrFormat("30%02x", size)
                         : absl::StrFormat("3082%04x", size)) +
             nested;
  }
  const auto issued =
      Issue(CsrFor("subjectAltName=DNS:a.example.com\n"
                   "1.2.3.9=DER:" +
                   nested + "\n"));
  EXPECT_THAT(issued, IsOk());
}

}  // namespace
}  // namespace chancery::signer
