#include "rpc/log.h"

#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace chancery::rpc {
namespace {

using nlohmann::json;

class LogTest : public ::testing::Test {
 protected:
  base::testing::FakeClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 11, 23, 18, 44, 58),
                      absl::UTCTimeZone()) +
      absl::Milliseconds(123)};
  std::ostringstream out_;
  Log text_{{}, clock_, out_};
  Log json_{{.json = true}, clock_, out_};
};

TEST_F(LogTest, TextIsReadable) {
  text_.Info("block_signed", {{"block", "07ab"}, {"records", 4096}});
  EXPECT_EQ(out_.str(),
            "2026-11-23T18:44:58.123Z INFO block_signed block=07ab "
            "records=4096\n");
}

TEST_F(LogTest, TextStaysOnOneLine) {
  text_.Warning("odd", {{"value", "a b\nINFO forged \"x\""}, {"none", ""}});
  EXPECT_EQ(out_.str(),
            "2026-11-23T18:44:58.123Z WARNING odd "
            "value=\"a b\\nINFO forged \\\"x\\\"\" none=\"\"\n");
}

TEST_F(LogTest, BracesAreNoFormat) {
  text_.Info("odd", {{"value", "{}{0}%s"}});
  EXPECT_THAT(out_.str(), ::testing::HasSubstr("value={}{0}%s\n"));
}

TEST_F(LogTest, JsonParses) {
  json_.Error("failed", {{"text", "quote\" back\\slash \n\x01 \xc3\xa9"},
                         {"bytes", std::string("\xff\x00z", 3)},
                         {"negative", -1},
                         {"large", std::numeric_limits<uint64_t>::max()},
                         {"ratio", 0.5},
                         {"yes", true},
                         {"took", absl::Milliseconds(1500)},
                         {"at", absl::UnixEpoch()},
                         {"error", absl::NotFoundError("no block")}});
  ASSERT_EQ(out_.str().find('\n'), out_.str().size() - 1);
  const json line = json::parse(out_.str());
  EXPECT_EQ(line["time"], "2026-11-23T18:44:58.123Z");
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["event"], "failed");
  EXPECT_EQ(line["text"], "quote\" back\\slash \n\x01 \xc3\xa9");
  EXPECT_EQ(line["bytes"], std::string("\xef\xbf\xbd\x00z", 5));
  EXPECT_EQ(line["negative"], -1);
  EXPECT_EQ(line["large"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["yes"], true);
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_EQ(line["at"], "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(line["error"], "NOT_FOUND: no block");
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  const Log quiet({.level = LogLevel::kWarning}, clock_, out_);
  quiet.Debug("a");
  quiet.Info("b");
  EXPECT_EQ(out_.str(), "");
  quiet.Warning("c");
  quiet.Error("d");
  EXPECT_THAT(out_.str(), ::testing::ContainsRegex("WARNING c\n.*ERROR d\n"));
}

TEST_F(LogTest, LinesOfThreadsDoNotMix) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < 100; ++j) json_.Info("line", {{"j", j}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(out_.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(json::accept(line)) << line;
  }
  EXPECT_EQ(count, 400);
}

}  // namespace
}  // namespace chancery::rpc
