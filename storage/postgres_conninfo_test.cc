#include "storage/postgres_conninfo.h"

#include <postgresql/libpq-fe.h>

#include <map>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

// What libpq reads in `conninfo`.
std::map<std::string, std::string> Parse(const std::string& conninfo) {
  std::map<std::string, std::string> out;
  PQconninfoOption* parsed = PQconninfoParse(conninfo.c_str(), nullptr);
  for (PQconninfoOption* at = parsed; at != nullptr && at->keyword; ++at) {
    if (at->val != nullptr) out[at->keyword] = at->val;
  }
  PQconninfoFree(parsed);
  return out;
}

TEST(CompleteConninfoTest, AddsLimitsToWhatIsThere) {
  const auto done = CompleteConninfo("host=db password='a\\'b\\\\c d'\n");
  ASSERT_THAT(done, IsOk());
  auto settings = Parse(*done);
  EXPECT_EQ(settings["host"], "db");
  EXPECT_EQ(settings["password"], "a'b\\c d");
  EXPECT_EQ(settings["connect_timeout"], "5");
}

TEST(CompleteConninfoTest, KeepsTheLimitsOfAUri) {
  const auto done =
      CompleteConninfo("postgresql://me:p%27w@db:5433/inv?connect_timeout=30");
  ASSERT_THAT(done, IsOk());
  auto settings = Parse(*done);
  EXPECT_EQ(settings["user"], "me");
  EXPECT_EQ(settings["password"], "p'w");
  EXPECT_EQ(settings["port"], "5433");
  EXPECT_EQ(settings["dbname"], "inv");
  EXPECT_EQ(settings["connect_timeout"], "30");
}

TEST(CompleteConninfoTest, OfSeveralHostsThePrimary) {
  for (const char* conninfo :
       {"host=a,b", "hostaddr=192.0.2.1,192.0.2.2", "postgresql://a,b/inv"}) {
    const auto done = CompleteConninfo(conninfo);
    ASSERT_THAT(done, IsOk());
    EXPECT_EQ(Parse(*done)["target_session_attrs"], "read-write") << conninfo;
  }
  const auto said = CompleteConninfo("host=a,b target_session_attrs=any");
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(Parse(*said)["target_session_attrs"], "any");
  const auto one = CompleteConninfo("host=a");
  ASSERT_THAT(one, IsOk());
  EXPECT_NE(Parse(*one)["target_session_attrs"], "read-write");
}

TEST(CompleteConninfoTest, AnErrorDoesNotRepeatThePassword) {
  // libpq's own message would be: missing "=" after "horse".
  const auto bad = CompleteConninfo("password=correct horse");
  ASSERT_THAT(bad, StatusIs(absl::StatusCode::kInvalidArgument, "libpq"));
  EXPECT_THAT(std::string(bad.status().message()), Not(HasSubstr("horse")));
}

}  // namespace
}  // namespace chancery::storage
