#include "refresher/system_resolver.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::StatusIs;
using ::testing::ElementsAre;

// Names take DNS or files: tests/failover asks for some.
TEST(SystemResolverTest, AnAddressIsItself) {
  SystemResolver resolver(absl::Minutes(1));
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    const auto found = resolver.Resolve(address);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_THAT(*found, ElementsAre(address));
  }
}

TEST(SystemResolverTest, SaysWhatTheSystemSays) {
  SystemResolver resolver(absl::Minutes(1));
  // A label has at most 63 bytes (RFC 1035 section 2.3.4): nobody is asked.
  const std::string name = std::string(64, 'a') + ".example";
  EXPECT_THAT(resolver.Resolve(name),
              StatusIs(absl::StatusCode::kUnavailable, name));
}

TEST(SystemResolverTest, WaitsNoLongerThanItsPatience) {
  SystemResolver resolver(absl::ZeroDuration());
  // The thread may be done by then; if not, a later call has its answer.
  absl::StatusOr<std::vector<std::string>> found;
  do {
    found = resolver.Resolve("192.0.2.7");
  } while (absl::IsUnavailable(found.status()));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre("192.0.2.7"));
}

}  // namespace
}  // namespace chancery::refresher
