#include "rpc/address.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

TEST(AddressTest, ReadsAndWritesEachForm) {
  for (const char* text : {"unix:/run/a.sock", "127.0.0.1:0", "localhost:65535",
                           "[::1]:443", "0.0.0.0:80"}) {
    const auto address = ParseAddress(text);
    ASSERT_THAT(address, IsOk());
    EXPECT_EQ(FormatAddress(*address), text);
  }
}

TEST(AddressTest, RefusesOtherForms) {
  const struct {
    std::string text;
    const char* message;
  } kCases[] = {
      {"", "must be unix:/path or host:port"},
      {"localhost", "must be unix:/path or host:port"},
      {"::1:443", "must be unix:/path or host:port"},
      {":443", "names no host"},
      {"[]:443", "names no host"},
      {"a:65536", "port"},
      {"a:", "port"},
      {"a:-1", "port"},
      {"a:http", "port"},
      {"unix:", "absolute"},
      {"unix:run/a.sock", "absolute"},
      {"unix:/" + std::string(107, 'a'), "108 bytes, the kernel allows 107"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseAddress(c.text),
                StatusIs(absl::StatusCode::kInvalidArgument, c.message));
  }
}

}  // namespace
}  // namespace chancery::rpc
