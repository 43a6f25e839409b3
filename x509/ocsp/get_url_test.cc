#include "x509/ocsp/get_url.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

using ::testing::ElementsAre;

// Expected values from Python's base64 and urllib.parse.quote.
TEST(OcspGetUrlsTest, WritesBase64AsClientsDo) {
  EXPECT_THAT(OcspGetUrls("http://ocsp.example.com", "\xfb\xff\xfe\x30"),
              ElementsAre("http://ocsp.example.com/%2B%2F%2F%2BMA%3D%3D",
                          "http://ocsp.example.com/+%2F%2F+MA==",
                          "http://ocsp.example.com/+//+MA=="));
}

TEST(OcspGetUrlsTest, TheSameUrlIsThereOnce) {
  EXPECT_THAT(OcspGetUrls("http://x/ocsp/", "abc"),
              ElementsAre("http://x/ocsp/YWJj"));
  EXPECT_THAT(OcspGetUrls("http://x", "ab"),
              ElementsAre("http://x/YWI%3D", "http://x/YWI="));
}

}  // namespace
}  // namespace chancery::x509
