#include "block/cache_tag.h"

#include "gtest/gtest.h"

namespace chancery::block {
namespace {

const base::Bytes kSerial =
    base::AsBytes(absl::string_view("\x01\xab\xff\x0f"));

TEST(CacheTagTest, NamesACertificateAnIssuerAndACrl) {
  std::string out;
  AppendOcspTag("issuing", kSerial, out);
  EXPECT_EQ(out, "ocsp/issuing/01abff0f");
  out.clear();
  AppendOcspTag("issuing", out);
  EXPECT_EQ(out, "ocsp/issuing");
  out.clear();
  AppendCrlTag("issuing", out);
  EXPECT_EQ(out, "crl/issuing");
  out.clear();
  AppendCrlTag("issuing/3-delta", out);
  EXPECT_EQ(out, "crl/issuing/3-delta");
}

// A comma or a space would be two tags in a header, a line's end another field.
TEST(CacheTagTest, AnIssuersNameCannotEndATag) {
  std::string out;
  AppendOcspTag("a b,c\r\nd/e", kSerial, out);
  EXPECT_EQ(out, "ocsp/a_b_c__d_e/01abff0f");
  out.clear();
  AppendCrlTag("a b/c,d/e", out);
  EXPECT_EQ(out, "crl/a_b/c_d_e");
}

}  // namespace
}  // namespace chancery::block
