#include "responder/cache_tags.h"

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

std::string Ocsp(const std::vector<std::string>& fields,
                 const std::string& issuer) {
  const auto tags = CacheTags::Create(fields);
  EXPECT_THAT(tags, IsOk());
  std::string headers;
  tags->AppendOcsp(issuer, base::AsBytes(absl::string_view("\x01\xab\xff\x0f")),
                   headers);
  return headers;
}

TEST(CacheTagsTest, SendsNothingUnlessAFieldIsNamed) {
  EXPECT_EQ(Ocsp({}, "issuing"), "");
}

TEST(CacheTagsTest, TagsCertificateAndIssuerInEachFieldsOwnForm) {
  EXPECT_EQ(Ocsp({"Cache-Tag", "surrogate-key"}, "issuing"),
            "Cache-Tag: ocsp/issuing/01abff0f,ocsp/issuing\r\n"
            "surrogate-key: ocsp/issuing/01abff0f ocsp/issuing\r\n");
}

TEST(CacheTagsTest, TagsACrlWithItsIssuer) {
  std::string headers;
  CacheTags::Create({"Edge-Cache-Tag"})->AppendCrl("issuing", headers);
  EXPECT_EQ(headers, "Edge-Cache-Tag: crl/issuing\r\n");
}

TEST(CacheTagsTest, TagsAShardWithItsIssuerToo) {
  std::string headers;
  CacheTags::Create({"Cache-Tag"})->AppendCrl("issuing/3-delta", headers);
  EXPECT_EQ(headers, "Cache-Tag: crl/issuing/3-delta,crl/issuing\r\n");
}

TEST(CacheTagsTest, AnIssuersNameCannotEndATag) {
  EXPECT_EQ(Ocsp({"xkey"}, "a b,c\r\nd"),
            "xkey: ocsp/a_b_c__d/01abff0f ocsp/a_b_c__d\r\n");
}

TEST(CacheTagsTest, RefusesWhatIsNoFieldName) {
  for (const char* name : {"", "Cache Tag", "Cache-Tag:", "a\r\nb"}) {
    EXPECT_THAT(CacheTags::Create({name}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "not the name of a header field"))
        << name;
  }
}

}  // namespace
}  // namespace chancery::responder
