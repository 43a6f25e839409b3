#include "rpc/name_limits.h"

#include <string>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using Kind = NameLimits::Kind;

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

bool Allows(Kind kind, const std::string& pattern, const std::string& name) {
  NameLimits limits;
  EXPECT_THAT(limits.Allow(kind, pattern), IsOk()) << pattern;
  const absl::Status checked = limits.Check({{.kind = kind, .value = name}});
  if (!checked.ok()) {
    EXPECT_EQ(checked.code(), kDenied);
  }
  return checked.ok();
}

TEST(NameLimitsTest, KnowsTheKindsOfPattern) {
  const std::string v4("\xc0\x00\x02\x07", 4), v4_other("\xc0\x00\x03\x07", 4);
  const std::string v6 = "\x20\x01\x0d\xb8" + std::string(12, '\0');
  const struct {
    Kind kind;
    std::string pattern, name;
    bool allowed;
  } kCases[] = {
      {Kind::kDns, "www.example.com", "www.example.com", true},
      {Kind::kDns, "www.example.com", "WWW.Example.COM", true},
      {Kind::kDns, "www.example.com", "a.www.example.com", false},
      {Kind::kDns, "www.example.com", "xwww.example.com", false},
      {Kind::kDns, "*.example.com", "a.example.com", true},
      {Kind::kDns, "*.example.com", "*.example.com", true},
      {Kind::kDns, "*.example.com", "a.b.example.com", false},
      {Kind::kDns, "*.example.com", "example.com", false},
      {Kind::kDns, "*.example.com", ".example.com", false},
      {Kind::kDns, ".example.com", "a.b.example.com", true},
      {Kind::kDns, ".example.com", "*.b.example.com", true},
      {Kind::kDns, ".example.com", "example.com", false},
      {Kind::kDns, ".example.com", "badexample.com", false},
      {Kind::kDns, ".example.com", ".example.com", false},
      {Kind::kDns, "example.com", "*.example.com", false},
      {Kind::kEmail, "ada@example.com", "ada@EXAMPLE.com", true},
      {Kind::kEmail, "ada@example.com", "Ada@example.com", false},
      {Kind::kEmail, "example.com", "bob@example.com", true},
      {Kind::kEmail, "example.com", "bob@a.example.com", false},
      {Kind::kEmail, "example.com", "bob@evil.org@example.com", true},
      {Kind::kEmail, "example.com", "bob@example.com@evil.org", false},
      {Kind::kEmail, ".example.com", "bob@a.example.com", true},
      {Kind::kEmail, ".example.com", "bob@example.com", false},
      {Kind::kIp, "192.0.2.0/24", v4, true},
      {Kind::kIp, "192.0.2.0/24", v4_other, false},
      {Kind::kIp, "192.0.2.0/23", v4_other, true},
      {Kind::kIp, "192.0.2.7", v4, true},
      {Kind::kIp, "192.0.2.8", v4, false},
      {Kind::kIp, "0.0.0.0/0", v4, true},
      {Kind::kIp, "0.0.0.0/0", v6, false},
      {Kind::kIp, "2001:db8::/32", v6, true},
      {Kind::kIp, "2001:db9::/32", v6, false},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/web/1", true},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/web/", true},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/webx/1", false},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/web/../root", false},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/web/%2E%2e/root", false},
      {Kind::kUri, "spiffe://a/web/", "spiffe://a/web/..", false},
      {Kind::kUri, "spiffe://a/web", "spiffe://a/web", true},
      {Kind::kUri, "spiffe://a/web", "spiffe://a/web/1", false},
      {Kind::kUri, "https://example.com/", "https://example.com.evil/", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Allows(c.kind, c.pattern, c.name), c.allowed)
        << c.pattern << " " << c.name;
  }
}

TEST(NameLimitsTest, EveryNameNeedsAnEntryOfItsKind) {
  NameLimits limits;
  ASSERT_THAT(limits.Allow(Kind::kDns, ".example.com"), IsOk());
  EXPECT_THAT(limits.Check({{Kind::kDns, "a.example.com"}}), IsOk());
  EXPECT_THAT(limits.Check({{Kind::kDns, "a.example.com"},
                            {Kind::kEmail, "a@a.example.com"}}),
              StatusIs(kDenied, "email:a@a.example.com is not granted"));
  EXPECT_THAT(limits.Check({}), StatusIs(kDenied, "has no name"));
}

TEST(NameLimitsTest, RefusesPatternsThatCannotBeMeant) {
  const struct {
    Kind kind;
    const char* pattern;
    const char* rule;
  } kCases[] = {
      {Kind::kDns, "", "ends with a label"},
      {Kind::kDns, ".", "ends with a label"},
      {Kind::kDns, "*.", "ends with a label"},
      {Kind::kDns, "*", "letters, digits"},
      {Kind::kDns, "w*.example.com", "letters, digits"},
      {Kind::kDns, "*.*.example.com", "letters, digits"},
      {Kind::kDns, "..example.com", "empty label"},
      {Kind::kDns, "example.com.", "ends with a label"},
      {Kind::kDns, "exam ple.com", "letters, digits"},
      {Kind::kEmail, "@example.com", "before the @"},
      {Kind::kEmail, "ada@", "ends with a label"},
      {Kind::kEmail, "*", "letters, digits"},
      {Kind::kIp, "192.0.2.1/24", "bits are set after"},
      {Kind::kIp, "192.0.2.0/33", "0 to 32"},
      {Kind::kIp, "192.0.2.0/-1", "0 to 32"},
      {Kind::kIp, "192.0.2.0/", "0 to 32"},
      {Kind::kIp, "192.0.2", "not an IP address"},
      {Kind::kUri, "spiffe://", "scheme://host/"},
      {Kind::kUri, "spiffe", "scheme://host/"},
      {Kind::kUri, "://a/", "scheme://host/"},
      {Kind::kUri, "spiffe:///a/", "scheme://host/"},
  };
  for (const auto& c : kCases) {
    NameLimits limits;
    EXPECT_THAT(limits.Allow(c.kind, c.pattern),
                StatusIs(absl::StatusCode::kInvalidArgument, c.rule))
        << c.pattern;
  }
}

}  // namespace
}  // namespace chancery::rpc
