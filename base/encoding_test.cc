#include "base/encoding.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace chancery::base {
namespace {

// RFC 4648 section 10.
struct Vector {
  const char* plain;
  const char* base64;
  const char* hex;
};
constexpr Vector kVectors[] = {
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
};

TEST(EncodingTest, AgreesWithRfc4648) {
  for (const Vector& v : kVectors) {
    EXPECT_EQ(Base64(AsBytes(absl::string_view(v.plain))), v.base64);
    EXPECT_EQ(FromBase64(v.base64), v.plain);
    EXPECT_EQ(Hex(AsBytes(absl::string_view(v.plain))), v.hex);
    EXPECT_EQ(FromHex(v.hex), v.plain);
  }
}

TEST(EncodingTest, AcceptsBase64WithoutItsPadding) {
  EXPECT_EQ(FromBase64("Zg"), "f");
  EXPECT_EQ(FromBase64("Zm9vYmE"), "fooba");
}

TEST(EncodingTest, RefusesWhatIsNotBase64) {
  for (const char* bad :
       {"Z", "Zg=", "Zg===", "Zh==", "Zm9v=", "Zm 9", "=", "Zm9v\n"}) {
    EXPECT_EQ(FromBase64(bad), std::nullopt) << bad;
  }
}

TEST(EncodingTest, RefusesWhatIsNotHex) {
  for (const char* bad : {"0", "0g", " 0", "0x12"}) {
    EXPECT_EQ(FromHex(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(FromHex("aAfF"), std::string("\xaa\xff"));
}

}  // namespace
}  // namespace chancery::base
