#include "der/oid.h"

#include <string>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::der {
namespace {

using base::testing::StatusIs;

struct Case {
  const char* text;
  const char* hex;
};

// From `openssl asn1parse -genstr OID:...`; the fourth is X.690 8.19.5's.
constexpr Case kCases[] = {
    {"2.5.29.17", "551d11"},
    {"1.2.840.113549.1.1.11", "2a864886f70d01010b"},
    {"1.3.101.112", "2b6570"},
    {"2.100.3", "813403"},
    {"2.999", "8837"},
    {"0.0", "00"},
    {"0.39", "27"},
    {"1.0", "28"},
    {"1.39", "4f"},
    {"2.0", "50"},
    {"2.5.128", "558100"},
    {"2.5.16383", "55ff7f"},
    {"2.5.16384", "55818000"},
    {"1.3.6.1.4.1.11129.2.4.2", "2b06010401d679020402"},
    {"2.5.18446744073709551615", "5581ffffffffffffffff7f"},
};

TEST(OidTest, ConvertsBothWaysAsOpenSsl) {
  for (const Case& c : kCases) {
    const absl::StatusOr<std::string> contents = OidFromText(c.text);
    ASSERT_TRUE(contents.ok()) << c.text;
    EXPECT_EQ(base::Hex(base::AsBytes(*contents)), c.hex);
    EXPECT_TRUE(IsOid(base::AsBytes(*contents)));
    EXPECT_EQ(OidToText(base::AsBytes(*contents)), c.text);
  }
}

TEST(OidTest, RefusesTextThatIsNoOid) {
  for (const char* text :
       {"", "1", "3.1", "1.40", "1.2.", ".1.2", "1..2", "1.02", "1.-2", "1.+2",
        "1.2.18446744073709551616", "2.18446744073709551615", "1.2 ", "1.a"}) {
    EXPECT_THAT(OidFromText(text),
                StatusIs(absl::StatusCode::kInvalidArgument, "OID \""))
        << text;
  }
}

TEST(OidTest, RefusesContentsThatAreCutOffOrPadded) {
  for (const char* hex : {"", "80", "8001", "5580", "558001", "55ff"}) {
    const std::string contents = *base::FromHex(hex);
    EXPECT_FALSE(IsOid(base::AsBytes(contents))) << hex;
    EXPECT_EQ(OidToText(base::AsBytes(contents)), std::string("#") + hex);
  }
}

TEST(OidTest, WritesArcsThatDoNotFitInHex) {
  const std::string contents = *base::FromHex("558280808080808080808000");
  EXPECT_TRUE(IsOid(base::AsBytes(contents)));
  EXPECT_EQ(OidToText(base::AsBytes(contents)), "#558280808080808080808000");
}

}  // namespace
}  // namespace chancery::der
