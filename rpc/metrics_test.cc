#include "rpc/metrics.h"

#include <sstream>

#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, WritesWhatWasCounted) {
  Metrics metrics;
  const Counter good =
      metrics.AddCounter("ocsp_total", "OCSP requests.", {{"result", "good"}});
  good.Increment();
  good.Increment(2);
  metrics.AddCounter("ocsp_total", "OCSP requests.", {{"result", "revoked"}});
  metrics.AddGauge("blocks", "Blocks held.").Set(7);
  metrics.AddHistogram("seconds", "Time.", {0.1, 1}).Observe(0.5);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP ocsp_total OCSP requests.\n"
                              "# TYPE ocsp_total counter\n"));
  EXPECT_THAT(text, HasSubstr("ocsp_total{result=\"good\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ocsp_total{result=\"revoked\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("blocks 7\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST(MetricsTest, EveryLineIsAMetricOrAComment) {
  Metrics metrics;
  metrics.AddCounter("a_total", "A.", {{"l", "q\"\n\\"}});
  metrics.AddHistogram("b_seconds", "B.", LatencyBuckets()).Observe(3);
  std::istringstream lines(metrics.Text());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, ::testing::MatchesRegex(
                          "# (HELP|TYPE) [a-z_]+ .*|"
                          "[a-z_]+([{][a-z]+=\".*\"[}])? [0-9.e+-]+"));
  }
}

TEST(MetricsTest, SameNameAndLabelsAreOneMetric) {
  Metrics metrics;
  metrics.AddCounter("a_total", "A.", {{"l", "x"}}).Increment();
  metrics.AddCounter("a_total", "A.", {{"l", "x"}}).Increment();
  EXPECT_THAT(metrics.Text(), HasSubstr("a_total{l=\"x\"} 2\n"));
}

TEST(MetricsTest, ARemovedGaugeIsShownNoMore) {
  Metrics metrics;
  const Gauge gone = metrics.AddGauge("ready", "Ready.", {{"who", "a"}});
  metrics.AddGauge("ready", "Ready.", {{"who", "b"}}).Set(1);
  metrics.RemoveGauge("ready", gone);
  EXPECT_THAT(metrics.Text(), HasSubstr("# HELP ready Ready.\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("ready{who=\"b\"} 1\n"));
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("who=\"a\"")));
  metrics.AddGauge("ready", "Ready.", {{"who", "a"}}).Set(2);
  EXPECT_THAT(metrics.Text(), HasSubstr("ready{who=\"a\"} 2\n"));
}

}  // namespace
}  // namespace chancery::rpc
