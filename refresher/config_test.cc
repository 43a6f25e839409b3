#include "refresher/config.h"

#include <functional>
#include <string>

#include "base/testing/status_matchers.h"
#include "chancery/config/refresher.pb.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

config::Refresher FullConfig() {
  config::Refresher config;
  config.mutable_identity()->set_certificate_file("/certificate");
  config.mutable_identity()->set_key_file("/key");
  config.mutable_identity()->set_trust_file("/trust");
  auto* grant = config.add_grant();
  grant->set_uri("spiffe://test/authority/one");
  grant->add_role(config::ROLE_PUBLISH);
  config.mutable_inventory()->set_sqlite_file("/inventory");
  config.mutable_signer()->set_address("unix:/signer");
  config.mutable_signer()->set_expected_uri("spiffe://test/signer/one");
  for (const std::string name : {"one", "two"}) {
    auto* responder = config.add_responder();
    responder->set_name(name);
    responder->mutable_target()->set_address("unix:/" + name);
    responder->mutable_target()->set_expected_uri("spiffe://test/responder/" +
                                                  name);
  }
  config.set_name("one");
  return config;
}

struct Mistake {
  const char* name;
  std::function<void(config::Refresher&)> make;
  const char* message;
};

class CheckConfigTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(CheckConfigTest, NamesTheField) {
  config::Refresher config = FullConfig();
  ASSERT_THAT(CheckConfig(config), IsOk());
  GetParam().make(config);
  EXPECT_THAT(CheckConfig(config),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, CheckConfigTest,
    ::testing::Values(
        Mistake{"NoCertificate",
                [](auto& c) { c.mutable_identity()->clear_certificate_file(); },
                "field `identity.certificate_file`"},
        Mistake{"NoKey",
                [](auto& c) { c.mutable_identity()->clear_key_file(); },
                "field `identity.key_file`"},
        Mistake{"NoTrust",
                [](auto& c) { c.mutable_identity()->clear_trust_file(); },
                "field `identity.trust_file`"},
        Mistake{"BadGrant", [](auto& c) { c.mutable_grant(0)->set_uri("me"); },
                "field `grant[0].uri`: value `me`"},
        Mistake{"BadListen",
                [](auto& c) { c.mutable_listen()->add_address("nowhere"); },
                "field `listen.address`: value `nowhere`"},
        Mistake{"NoInventory", [](auto& c) { c.clear_inventory(); },
                "field `inventory`"},
        Mistake{"NoSigner", [](auto& c) { c.clear_signer(); },
                "field `signer.address`"},
        Mistake{"BadSignerAddress",
                [](auto& c) { c.mutable_signer()->set_address("host:x"); },
                "field `signer.address`: value `host:x`"},
        Mistake{"BadSignerUri",
                [](auto& c) {
                  c.mutable_signer()->set_expected_uri("spiffe://*/signer/one");
                },
                "field `signer.expected_uri`: value `spiffe://*/signer/one`"},
        Mistake{"FeedTooShort", [](auto& c) { c.set_keep_feed_days(730); },
                "field `keep_feed_days`: value `730`: at least 731"},
        Mistake{"NoResponderName",
                [](auto& c) { c.mutable_responder(0)->clear_name(); },
                "field `responder[0].name`"},
        Mistake{"RespondersOfOneName",
                [](auto& c) { c.mutable_responder(1)->set_name("one"); },
                "field `responder[1].name`: value `one`"},
        Mistake{"NoResponderAddress",
                [](auto& c) {
                  c.mutable_responder(1)->mutable_target()->clear_address();
                },
                "field `responder[1].target.address`"},
        Mistake{"BadResponderAddress",
                [](auto& c) {
                  c.mutable_responder(1)->mutable_target()->set_address("x");
                },
                "field `responder[1].target.address`: value `x`"},
        Mistake{
            "NoResponderUri",
            [](auto& c) {
              c.mutable_responder(1)->mutable_target()->clear_expected_uri();
            },
            "field `responder[1].target.expected_uri`"},
        Mistake{"SlashInResponderName",
                [](auto& c) { c.mutable_responder(1)->set_name("a/b"); },
                "field `responder[1].name`: value `a/b`"},
        Mistake{"DiscoveryOfASocket",
                [](auto& c) { c.mutable_responder(1)->set_resolve_seconds(1); },
                "field `responder[1].target.address`: value `unix:/two`: with "
                "resolve_seconds"},
        Mistake{
            "RareDiscovery",
            [](auto& c) { c.mutable_responder(1)->set_resolve_seconds(3601); },
            "field `responder[1].resolve_seconds`: value `3601`: at most 3600"},
        Mistake{
            "LongMemory",
            [](auto& c) { c.mutable_responder(1)->set_forget_seconds(86'401); },
            "field `responder[1].forget_seconds`: value `86401`: at most"},
        Mistake{"ForgetsWithoutDiscovery",
                [](auto& c) { c.mutable_responder(1)->set_forget_seconds(1); },
                "field `responder[1].forget_seconds`: value `1`: only with"},
        Mistake{"NoName", [](auto& c) { c.clear_name(); }, "field `name`"},
        Mistake{"ShortLease", [](auto& c) { c.set_lease_seconds(4); },
                "field `lease_seconds`: value `4`: at least 5"},
        Mistake{"SlowFollower",
                [](auto& c) { c.set_follow_interval_ms(60'001); },
                "field `follow_interval_ms`: value `60001`: at most 60000"},
        Mistake{"SlowConvergence",
                [](auto& c) { c.set_converge_interval_ms(60'001); },
                "field `converge_interval_ms`: value `60001`: at most 60000"},
        Mistake{"LateCrls", [](auto& c) { c.set_crl_delay_seconds(901); },
                "field `crl_delay_seconds`: value `901`: at most 900"}),
    [](const auto& info) { return info.param.name; });

TEST(SettingsTest, ZeroIsTheDefault) {
  const Settings settings = ToSettings(FullConfig());
  EXPECT_EQ(settings.lease, absl::Minutes(1));
  EXPECT_EQ(settings.follow_interval, absl::Seconds(1));
  EXPECT_EQ(settings.converge_interval, absl::Seconds(5));
  EXPECT_EQ(settings.crl_delay, absl::Seconds(10));
}

TEST(SettingsTest, AreWhatIsWritten) {
  config::Refresher config = FullConfig();
  config.set_lease_seconds(5);
  config.set_follow_interval_ms(7);
  config.set_converge_interval_ms(60'000);
  config.set_crl_delay_seconds(900);
  ASSERT_THAT(CheckConfig(config), IsOk());
  const Settings settings = ToSettings(config);
  EXPECT_EQ(settings.lease, absl::Seconds(5));
  EXPECT_EQ(settings.follow_interval, absl::Milliseconds(7));
  EXPECT_EQ(settings.converge_interval, absl::Minutes(1));
  EXPECT_EQ(settings.crl_delay, absl::Minutes(15));
}

TEST(DiscoveryOptionsTest, AreWhatIsWritten) {
  config::ResponderTarget responder;
  responder.set_name("edge");
  responder.mutable_target()->set_address("edge.pki.svc:9443");
  responder.set_resolve_seconds(5);
  EXPECT_EQ(ToDiscoveryOptions(responder).name, "edge");
  EXPECT_EQ(ToDiscoveryOptions(responder).host, "edge.pki.svc");
  EXPECT_EQ(ToDiscoveryOptions(responder).port, 9443);
  EXPECT_EQ(ToDiscoveryOptions(responder).forget_after, absl::Minutes(1));
  responder.set_forget_seconds(7);
  EXPECT_EQ(ToDiscoveryOptions(responder).forget_after, absl::Seconds(7));
}

}  // namespace
}  // namespace chancery::refresher
