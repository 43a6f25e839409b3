#include "responder/ocsp_path.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

// An OCSPRequest for serial 01B6BF479DEBF500CA6AD0C7CB2EA303 (as `openssl ocsp
// -reqin` reads it) whose base64 has a "+", a "//" and padding:
//   MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/FQBXYt8h6gQUz5VZu+M+M4YmtFGB
//   +q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM=
constexpr char kRequestHex[] =
    "3051304f304d304b3049300906052b0e03021a05000414709e699797afffac877a00767f15"
    "005762df21ea0414cf9559bbe33e338626b45181faafed539dd528b6021001b6bf479debf5"
    "00ca6ad0c7cb2ea303";

struct PathCase {
  const char* name;
  const char* path;
};

TEST(DecodeOcspPathTest, ReadsEveryEscapingThatClientsProduce) {
  const PathCase cases[] = {
      {"nothing escaped (Go, before 2013)",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M+M4Ym"
       "tFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM="},
      {"all escaped (RFC 5019)",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6%2F%2FrId6AHZ%2FFQBXYt8h6gQUz5VZu"
       "%2BM%2BM4YmtFGB%2Bq%2FtU53VKLYCEAG2v0ed6%2FUAymrQx8suowM%3D"},
      {"lower-case escapes",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6%2f%2frId6AHZ%2fFQBXYt8h6gQUz5VZu"
       "%2bM%2bM4YmtFGB%2bq%2ftU53VKLYCEAG2v0ed6%2fUAymrQx8suowM%3d"},
      {"plus and padding escaped, slashes not",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu%2BM%2B"
       "M4YmtFGB%2Bq/tU53VKLYCEAG2v0ed6/UAymrQx8suowM%3D"},
      {"slashes escaped, plus not",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6%2F%2FrId6AHZ%"
       "2FFQBXYt8h6gQUz5VZu+"
       "M+M4YmtFGB+q%2FtU53VKLYCEAG2v0ed6%2FUAymrQx8suowM="},
      {"one slash of two escaped",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6/%2FrId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M+M4"
       "YmtFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM="},
      {"no padding",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M+M4Ym"
       "tFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM"},
      {"a slash in front",
       "/MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M+M4Y"
       "mtFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM="},
      {"slashes in front, one escaped",
       "//%2FMFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M"
       "+M4YmtFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM="},
      {"plus decoded to a space on the way, and escaped again",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu%20M%20"
       "M4YmtFGB%20q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM="},
      {"lines of MIME",
       "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6%2F%2FrId6AHZ%2FFQBXYt8h6gQUz5VZ%"
       "0"
       "D%0Au%2BM%2BM4YmtFGB%2Bq%2FtU53VKLYCEAG2v0ed6%2FUAymrQx8suowM%3D%0A"},
      {"letters escaped without need",
       "%4DFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/"
       "FQBXYt8h6gQUz5VZu+M+M4"
       "YmtFGB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suow%4D="},
  };
  for (const PathCase& c : cases) {
    std::string der;
    ASSERT_TRUE(DecodeOcspPath(c.path, der)) << c.name;
    EXPECT_EQ(base::Hex(base::AsBytes(der)), kRequestHex) << c.name;
  }
}

TEST(DecodeOcspPathTest, RefusesWhatIsNoBase64) {
  const PathCase cases[] = {
      {"nothing", ""},
      {"slashes", "///"},
      {"a file", "favicon.ico"},
      {"escape cut off", "MFEw%2"},
      {"escape cut off at once", "MFEw%"},
      {"escape without digits", "MFEw%2G"},
      {"sign in an escape", "MFEw%+1"},
      {"one character too many", "MFEwT"},
      {"padding in the middle", "MF=wTzBN"},
      {"wrong padding", "MFEw="},
      {"bits beyond the end", "MFF="},
      {"zero", "MFEw%00"},
      {"URL alphabet", "MFE_"},
  };
  for (const PathCase& c : cases) {
    std::string der;
    EXPECT_FALSE(DecodeOcspPath(c.path, der)) << c.name;
  }
}

}  // namespace
}  // namespace chancery::responder
