#include "responder/http/accept_encoding.h"

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

struct Case {
  const char* field;
  bool gzip;
};

// The first five are the examples of RFC 9110 section 12.5.3.
const Case kCases[] = {
    {"compress, gzip", true},
    {"", false},
    {"*", true},
    {"compress;q=0.5, gzip;q=1.0", true},
    {"gzip;q=1.0, identity; q=0.5, *;q=0", true},
    {"gzip", true},
    {"GZip", true},
    {"x-gzip", true},
    {"gzip, deflate, br, zstd", true},  // Browsers, and curl --compressed.
    {"deflate, br", false},
    {"gzipped", false},
    {"gzip;q=0", false},
    {"gzip;q=0.000", false},
    {"gzip;q=0.001", true},
    {"gzip ; Q=0.5", true},
    {"*;q=0", false},
    {"gzip, *;q=0", true},
    {"gzip;q=0, *", false},
    {"identity", false},
    {"identity;q=0, gzip;q=0.5", true},
    {"identity;q=0, *;q=0.1", true},
    {"identity;q=0.5, gzip;q=0.4", false},
    {"identity;q=0.5, gzip;q=0.5", true},
    {"identity;q=0.5, *;q=0.4", false},
    {", ,gzip,", true},
    // Malformed weights.
    {"gzip;q=", false},
    {"gzip;q=2", false},
    {"gzip;q=1.001", false},
    {"gzip;q=0.5000", false},
    {"gzip;q=.5", false},
    {"gzip;q=0,5", false},
    {"gzip;q=-1", false},
    {"gzip;level=9", false},
    {"gzip;", false},
    {";q=1", false},
};

TEST(AcceptEncodingTest, FollowsRfc9110) {
  for (const Case& c : kCases) {
    EXPECT_EQ(PrefersGzip(c.field), c.gzip) << c.field;
  }
}

}  // namespace
}  // namespace chancery::responder
