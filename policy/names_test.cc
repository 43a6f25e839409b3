#include <string>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "policy/dns_name.h"
#include "policy/email_name.h"
#include "policy/uri_name.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const std::string kLabel63(63, 'a');

TEST(DnsNameTest, IsPutInLowerCase) {
  EXPECT_EQ(NormalizeDnsName("WWW.Example.COM", false).value(),
            "www.example.com");
  EXPECT_EQ(NormalizeDnsName("XN--Mnchen-3ya.example", false).value(),
            "xn--mnchen-3ya.example");
}

TEST(DnsNameTest, AllowsHostNames) {
  for (const std::string& name :
       {std::string("a"), std::string("localhost"), std::string("1.example"),
        std::string("3com.com"), std::string("a-b.c-d.example"),
        kLabel63 + ".example",
        kLabel63 + "." + kLabel63 + "." + kLabel63 + "." +
            std::string(61, 'b')}) {
    EXPECT_THAT(NormalizeDnsName(name, false), IsOk()) << name;
  }
}

TEST(DnsNameTest, RefusesWhatIsNoHostName) {
  const std::string wrong[] = {
      "",
      ".",
      "example.com.",
      ".example.com",
      "a..b",
      "-a.example",
      "a-.example",
      "a_b.example",
      "_dmarc.example",
      "a b.example",
      "ä.example",
      std::string("a\0.example", 10),
      "a.example/",
      "a.example:443",
      "user@a.example",
      kLabel63 + "a.example",
      kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(62, 'b'),
      "192.0.2.1",
      "1.2.3",
      "::1",
      "ab--cd.example",  // RFC 5891 section 4.2.3.1.
      "xn--.example",
      "xn--n3h.example",  // U+2603: DISALLOWED (RFC 5892).
      "xn--ab-99999.example",
      "xn--abc.example",  // It encodes nothing.
  };
  for (const std::string& name : wrong) {
    EXPECT_THAT(NormalizeDnsName(name, true), StatusIs(kInvalid, "DNS name"))
        << name;
  }
}

// The A-labels are what `idn2` and Python print.
TEST(DnsNameTest, AllowsALabels) {
  for (const char* name :
       {"xn--bcher-kva.example", "xn--mnchen-3ya.example",
        "xn--80akhbyknj4f.example",    // Cyrillic.
        "xn--jxalpdlp.example",        // Greek.
        "xn--fiqs8s", "a.xn--wgbl6a",  // Han, Arabic.
        "xn--strae-oqa.example"}) {    // Sharp s, as IDNA 2008 has it.
    EXPECT_THAT(NormalizeDnsName(name, false), IsOk()) << name;
  }
}

TEST(DnsNameTest, SaysWhatToWriteForAULabel) {
  EXPECT_THAT(NormalizeDnsName("b\xc3\xbc"
                               "cher.example",
                               false),
              StatusIs(kInvalid, "A-labels, which begin with xn--"));
}

TEST(DnsNameTest, AWildcardIsTheWholeFirstLabel) {
  EXPECT_EQ(NormalizeDnsName("*.Example.com", true).value(), "*.example.com");
  EXPECT_THAT(NormalizeDnsName("*.example.com", false),
              StatusIs(kInvalid, "no wildcards"));
  for (const char* name :
       {"*", "*.com", "a*.example.com", "*a.example.com", "www.*.example.com",
        "*.*.example.com", "**.example.com", "xn--*.example.com"}) {
    EXPECT_THAT(NormalizeDnsName(name, true), StatusIs(kInvalid, "DNS name"))
        << name;
  }
}

TEST(EmailNameTest, HasItsHostInLowerCase) {
  EXPECT_EQ(NormalizeEmailName("A.b+c@Example.COM").value(),
            "A.b+c@example.com");
  EXPECT_THAT(NormalizeEmailName(std::string(64, 'x') + "@a.example"), IsOk());
}

TEST(EmailNameTest, RefusesWhatIsNoMailbox) {
  for (const std::string& address :
       {std::string(""), std::string("a"), std::string("@a.example"),
        std::string("a@"), std::string("a@b@a.example"),
        std::string("a b@a.example"), std::string("\"a\"@a.example"),
        std::string(".a@a.example"), std::string("a.@a.example"),
        std::string("a..b@a.example"), std::string("A <a@a.example>"),
        std::string("a,b@a.example"), std::string("a(b)@a.example"),
        std::string("a@[192.0.2.1]"), std::string("a@*.example.com"),
        std::string("a@a_b.example"), std::string(65, 'x') + "@a.example"}) {
    EXPECT_EQ(NormalizeEmailName(address).status().code(), kInvalid) << address;
  }
}

TEST(UriNameTest, AllowsUrisWithAHost) {
  for (const char* uri :
       {"spiffe://cluster/signer/one", "spiffe://test_cluster/x",
        "https://a.example", "https://a.example:8443/x?y=z#w",
        "http://192.0.2.1/", "http://[2001:db8::1]:80/x", "x+y-z.1://h/%41",
        "http://a.example/~x;y=1,2!$&'()*"}) {
    EXPECT_THAT(CheckUriName(uri), IsOk()) << uri;
  }
}

TEST(UriNameTest, RefusesOthers) {
  for (const std::string& uri : {std::string(""),
                                 std::string("://a"),
                                 std::string("a.example"),
                                 std::string("urn:uuid:1"),
                                 std::string("mailto:a@b"),
                                 std::string("http://"),
                                 std::string("http:///path"),
                                 std::string("http://:80/"),
                                 std::string("http://a:/"),
                                 std::string("http://a:x/"),
                                 std::string("http://a:123456/"),
                                 std::string("http://user@a/"),
                                 std::string("http://user:pw@a/"),
                                 std::string("http://[::1/"),
                                 std::string("http://[]/"),
                                 std::string("http://[x]/"),
                                 std::string("1http://a/"),
                                 std::string("ht_tp://a/"),
                                 std::string("http://a/ b"),
                                 std::string("http://a/\"b"),
                                 std::string("http://a/%4"),
                                 std::string("http://a/%zz"),
                                 std::string("http://a/\\b"),
                                 std::string("http://ä/"),
                                 "http://a/" + std::string(2048, 'x')}) {
    EXPECT_THAT(CheckUriName(uri), StatusIs(kInvalid, "URI name")) << uri;
  }
}

}  // namespace
}  // namespace chancery::policy
