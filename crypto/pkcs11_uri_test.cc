#include "crypto/pkcs11_uri.h"

#include <string>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

TEST(Pkcs11UriTest, ReadsEachAttribute) {
  const auto uri = ParsePkcs11Uri(
      "pkcs11:token=The%20token;serial=0a1b;manufacturer=Snake%20Oil;"
      "model=v1;slot-id=327;object=issuing%20key;id=%01%00%ff;type=private"
      "?module-path=/usr/lib/m.so&pin-source=file:/etc/pin");
  ASSERT_THAT(uri, IsOk());
  EXPECT_EQ(uri->token, "The token");
  EXPECT_EQ(uri->serial, "0a1b");
  EXPECT_EQ(uri->manufacturer, "Snake Oil");
  EXPECT_EQ(uri->model, "v1");
  EXPECT_EQ(uri->slot_id, 327u);
  EXPECT_EQ(uri->object, "issuing key");
  EXPECT_EQ(uri->id, std::string("\x01\x00\xff", 3));
  EXPECT_EQ(uri->module_path, "/usr/lib/m.so");
  EXPECT_EQ(uri->pin.file, "/etc/pin");
}

TEST(Pkcs11UriTest, LeavesEmptyWhatIsNotGiven) {
  const auto uri = ParsePkcs11Uri("pkcs11:object=a");
  ASSERT_THAT(uri, IsOk());
  EXPECT_EQ(uri->text, "pkcs11:object=a");
  EXPECT_EQ(uri->object, "a");
  EXPECT_EQ(uri->token + uri->serial + uri->manufacturer + uri->model, "");
  EXPECT_EQ(uri->id + uri->module_path, "");
  EXPECT_FALSE(uri->slot_id.has_value());
  EXPECT_TRUE(uri->pin.empty());
}

TEST(Pkcs11UriTest, TakesBothFormsOfAPinFile) {
  for (const char* text :
       {"pkcs11:?pin-source=/a/pin", "pkcs11:?pin-source=file:/a/pin",
        "pkcs11:?pin-source=file:///a/pin"}) {
    const auto uri = ParsePkcs11Uri(text);
    ASSERT_THAT(uri, IsOk());
    EXPECT_EQ(uri->pin.file, "/a/pin") << text;
  }
}

TEST(Pkcs11UriTest, RefusesAPinAndDoesNotRepeatIt) {
  const auto uri = ParsePkcs11Uri("pkcs11:token=t?pin-value=123456");
  EXPECT_THAT(uri, StatusIs(absl::StatusCode::kInvalidArgument, "pin-value"));
  EXPECT_EQ(uri.status().message().find("123456"), absl::string_view::npos);
}

TEST(Pkcs11UriTest, SaysWhatIsWrong) {
  for (const auto& [text, why] : {
           std::pair("/etc/key.pem", "scheme"),
           std::pair("pkcs11:id=%zz", "encoding"),
           std::pair("pkcs11:token", "syntax"),
           std::pair("pkcs11:tokn=a", "RFC 7512"),
           std::pair("pkcs11:type=cert", "private"),
           std::pair("pkcs11:?pin-source=|ask", "absolute path"),
           std::pair("pkcs11:?pin-source=file:pin", "absolute path"),
       }) {
    SCOPED_TRACE(text);
    EXPECT_THAT(ParsePkcs11Uri(text),
                StatusIs(absl::StatusCode::kInvalidArgument, why));
  }
}

}  // namespace
}  // namespace chancery::crypto
