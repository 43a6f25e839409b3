#include "tools/chancery/ceremony/ceremony_file.h"

#include <set>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "x509/certificate/extensions.h"

namespace chancery::cli::ceremony {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr char kPath[] = "/reviewed/root.textproto";

constexpr char kHead[] = R"(
id: "first"
output_dir: "out"
operator { name: "alice" public_key_file: "alice.pub.pem" }
key {
  name: "root" type: "ecdsa-p384"
  source {
    pkcs11_uri: "pkcs11:token=t;object=root;id=%01"
    pkcs11_module: "/m.so" pin_file: "pin"
  }
}
key {
  name: "ca" type: "rsa-3072" source { file: "ca.key" }
}
)";

constexpr char kSteps[] = R"(
step { generate_key { key: "root" extractable_under_wrap: true } }
step { generate_key { key: "ca" } }
step {
  root {
    name: "root" key: "root"
    certificate {
      subject { type: "CN" value: "Root" }
      not_before: "2027-01-31T00:00:00Z" not_after: "2047-01-30T23:59:59Z"
      key_usage: "key_cert_sign" key_usage: "crl_sign"
    }
  }
}
step {
  intermediate {
    name: "ca" issuer: "root" key: "ca"
    certificate {
      subject { type: "CN" value: "CA" } serial: "01:02:03:04:05:06:07:08:09"
      not_before: "2027-01-31T00:00:00Z" not_after: "2037-01-30T23:59:59Z"
      key_usage: "key_cert_sign" path_length: 0
      crl_url: "http://example.com/root.crl"
      name_constraints { permitted: "dns:Example.com" }
      policy { oid: "1.2.3" }
    }
  }
}
step {
  crl {
    name: "crl" issuer: "root" number: 3 first: true
    next_update: "2027-07-31T00:00:00Z"
    revoked { certificate: "ca" date: "2027-01-31T00:00:00Z"
              reason: "superseded" }
  }
}
)";

std::string Whole() { return absl::StrCat(kHead, kSteps); }

TEST(ReadPlanTest, SaysWhatWillBeDone) {
  const auto plan = ReadPlan(Whole(), kPath);
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->id, "first");
  EXPECT_EQ(plan->output_dir, "/reviewed/out");
  EXPECT_EQ(plan->operators_needed, 1u);
  EXPECT_EQ(plan->operators[0].public_key_file, "/reviewed/alice.pub.pem");
  EXPECT_EQ(plan->keys.at("root").source.secret.file, "/reviewed/pin");
  EXPECT_EQ(plan->keys.at("root").origin, KeyOrigin::kGenerated);
  EXPECT_EQ(plan->keys.at("ca").output, "ca.key");
  EXPECT_EQ(plan->outputs,
            (std::set<std::string>{"ca.key", "ca.pem", "ca.pub.pem", "crl.crl",
                                   "root.pem", "root.pub.pem"}));
  ASSERT_EQ(plan->steps.size(), 5u);
  const auto& ca = std::get<MakeCertificate>(plan->steps[3].action);
  EXPECT_EQ(ca.issuer_key, "root");
  EXPECT_EQ(ca.content.serial, "\x01\x02\x03\x04\x05\x06\x07\x08\x09");
  EXPECT_EQ(ca.content.extensions.path_length, 0);
  EXPECT_EQ(ca.content.extensions.key_usage, x509::kKeyCertSign);
  EXPECT_EQ(absl::FormatTime(ca.content.not_before + ca.content.validity,
                             absl::UTCTimeZone()),
            "2037-01-31T00:00:00+00:00");
  ASSERT_TRUE(ca.content.extensions.name_constraints.has_value());
  EXPECT_EQ(ca.content.extensions.name_constraints->permitted[0].value,
            "example.com");
  const auto& crl = std::get<MakeCrl>(plan->steps[4].action);
  EXPECT_EQ(crl.number, 3u);
  EXPECT_EQ(crl.revoked[0].reason, 4);
}

TEST(ReadPlanTest, NamesTheFieldThatBreaksARule) {
  const struct {
    const char* name;
    const char *from, *to;  // In the file.
    const char* why;
  } rows[] = {
      {"unknown field", "id:", "idd:", "root.textproto:2:"},
      {"id", "\"first\"", "\"First\"", "field `id`: value `First`"},
      {"folder", "\"out\"", "\"\"", "`output_dir`"},
      {"nobody signs", "operator { name: \"alice\"", "operator { name: \"A\"",
       "`operator.name`"},
      {"key type", "rsa-3072", "rsa-1024", "`key \"ca\".type`"},
      {"a way out", "\"ca.key\"", "\"../ca.key\"", "must be a plain file name"},
      {"hidden", "\"ca.key\"", "\".ca\"", "must be a plain file name"},
      {"transcript", "\"ca.key\"", "\"transcript.textproto\"",
       "is the name of another output"},
      {"output twice", "\"ca.key\"", "\"root.pem\"", "two outputs"},
      {"no id", ";id=%01", "", "named by both object= and id="},
      {"PIN in URI", ";id=%01", ";id=%01?pin-value=1", "pin-value"},
      {"no module", "pkcs11_module: \"/m.so\"", "", "pkcs11_module"},
      {"file under wrap", "generate_key { key: \"ca\"",
       "generate_key { key: \"ca\" extractable_under_wrap: true",
       "is for key pairs in tokens"},
      {"unknown key", "issuer: \"root\" key: \"ca\"",
       "issuer: \"root\" key: \"x\"", "no key has this name"},
      {"unknown issuer", "name: \"ca\" issuer: \"root\"",
       "name: \"ca\" issuer: \"x\"",
       "no certificate or earlier step has this name"},
      {"both keys", "issuer: \"root\" key: \"ca\"",
       "issuer: \"root\" key: \"ca\" csr_file: \"f\"", "not both"},
      {"order of times", "2037-01-30", "2026-01-30", "not_after"},
      {"the root's key", "issuer: \"root\" key: \"ca\"",
       "issuer: \"root\" key: \"root\"",
       "`step 4 intermediate.key`: value `root`: it is the key of its issuer"},
      {"the root's subject", "value: \"CA\"", "value: \"Root\"",
       "`step 4 intermediate.certificate.subject`: value `ca`: it is the "
       "subject of its issuer"},
      {"before the root", "\"2027-01-31T00:00:00Z\" not_after: \"2037",
       "\"2027-01-30T00:00:00Z\" not_after: \"2037",
       "`step 4 intermediate.certificate.not_before`"},
      {"time zone", "2037-01-30T23:59:59Z", "2037-01-30T23:59:59+01:00",
       "must be a time in UTC"},
      {"time", "2037-01-30T23:59:59Z", "infinite-future",
       "must be a time in UTC"},
      {"subject", "subject { type: \"CN\" value: \"CA\" }", "",
       "certificate.subject`"},
      {"country", "type: \"CN\" value: \"CA\"", "type: \"C\" value: \"CAN\"",
       "certificate.subject`"},
      {"usage", "key_usage: \"key_cert_sign\" path", "path",
       "certificate.key_usage`"},
      {"usage word", "\"crl_sign\"", "\"crl\"", "certificate.key_usage`"},
      {"usages of CAs", "\"crl_sign\"", "\"foo\"",
       "certificate.key_usage`: value `foo`: not one of key_cert_sign, "
       "crl_sign, digital_signature"},
      {"serial", "01:02:03", "zz", "certificate.serial`"},
      {"url", "http://example", "https://example", "must begin with http://"},
      {"constraint", "dns:Example.com", "dir:Example.com",
       "must begin with dns:"},
      {"constraint text", "dns:Example.com", "ip:1.2.3.4",
       "name_constraints.permitted`"},
      {"policy", "\"1.2.3\"", "\"1\"", "certificate.policy`"},
      {"root's constraints", "key_usage: \"crl_sign\"\n",
       "key_usage: \"crl_sign\" name_constraints { permitted: \"dns:a.b\" }\n",
       "clients do not look at a root's"},
      {"CRL of nothing", "number: 3 first: true", "number: 3",
       "or say `first: true`"},
      {"CRL of both", "first: true", "first: true previous_file: \"f\"",
       "not both"},
      {"CRL before the CA", "first: true", "previous_file: \"f\"",
       "there is no CRL before"},
      {"CRL's number", "number: 3", "number: 0", "at least 1"},
      {"CRL's end", "next_update: \"2027-07-31T00:00:00Z\"", "",
       "next_update`"},
      {"reason", "\"superseded\"", "\"bored\"",
       "revoked.reason`: value `bored`: must be one of unspecified"},
      {"revoked", "revoked { certificate: \"ca\"", "revoked { ",
       "name a serial or a certificate"},
      {"empty step", "step { generate_key { key: \"root\"",
       "step { } step { generate_key { key: \"root\"", "it does nothing"},
      {"made twice", "step { generate_key { key: \"ca\" } }",
       "step { generate_key { key: \"ca\" } } "
       "step { generate_key { key: \"ca\" } }",
       "it is made twice"},
      {"unused", "key {\n  name: \"ca\"",
       "key { name: \"x\" type: \"ed25519\" source { file: \"x\" } }\n"
       "key {\n  name: \"ca\"",
       "no step uses it"},
      {"lint set", "id: \"first\"", "id: \"first\" lint_set { name: \"x\" }",
       "lint_set.name"},
      {"too many operators", "id: \"first\"",
       "id: \"first\" operators_needed: 2", "there are 1"},
  };
  for (const auto& row : rows) {
    const std::string text = absl::StrReplaceAll(Whole(), {{row.from, row.to}});
    ASSERT_NE(text, Whole()) << row.name;
    const auto plan = ReadPlan(text, kPath);
    ASSERT_FALSE(plan.ok()) << row.name;
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(plan.status().message().find(row.why), std::string::npos)
        << row.name << ": " << plan.status();
  }
}

TEST(ReadPlanTest, AKeyIsMadeBeforeItIsUsed) {
  const std::string make = "step { generate_key { key: \"ca\" } }";
  const std::string text =
      absl::StrCat(absl::StrReplaceAll(Whole(), {{make, ""}}), make);
  EXPECT_THAT(
      ReadPlan(text, kPath),
      StatusIs(absl::StatusCode::kInvalidArgument, "a later step makes it"));
}

TEST(ReadPlanTest, AKeySignsOneKindOfThing) {
  const std::string text = absl::StrReplaceAll(
      Whole(), {{"step {\n  crl {",
                 R"(step { ocsp_signer { name: "ocsp" issuer: "root" key: "ca"
           certificate { subject { type: "CN" value: "O" }
             not_before: "2027-01-31T00:00:00Z"
             not_after: "2027-02-28T00:00:00Z"
             key_usage: "digital_signature" } } }
           step {
             crl {)"}});
  EXPECT_THAT(
      ReadPlan(text, kPath),
      StatusIs(absl::StatusCode::kInvalidArgument, "no key signs both"));
}

TEST(ReadPlanTest, TheEndOfKeysComesLast) {
  const std::string id(64, 'a');
  const std::string existing =
      absl::StrCat(kHead, "certificate { name: \"root\" file: \"r\" sha256: \"",
                   id, "\" key: \"root\" }\n");
  const std::string end = absl::StrCat(
      "step { end_of_life { last_crl { name: \"last\" issuer: \"root\" number: "
      "1 first: true } key_id: \"",
      id, "\" } }\n");
  const std::string destroy = absl::StrCat(
      "step { destroy_key { key: \"ca\" key_id: \"", id, "\" } }\n");
  const auto plan = ReadPlan(absl::StrCat(existing, destroy, end), kPath);
  ASSERT_THAT(plan, IsOk());
  ASSERT_EQ(plan->steps.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<MakeCrl>(plan->steps[0].action));
  EXPECT_EQ(std::get<DestroyKey>(plan->steps[1].action).key, "ca");
  EXPECT_EQ(std::get<DestroyKey>(plan->steps[2].action).key, "root");
  EXPECT_EQ(std::get<DestroyKey>(plan->steps[2].action).key_id,
            std::string(32, '\xaa'));

  EXPECT_THAT(ReadPlan(absl::StrCat(existing, end, end), kPath),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "an earlier step destroys it"));
  const std::string crl =
      "step { crl { name: \"c\" issuer: \"root\" number: 1 first: true "
      "next_update: \"2027-07-31T00:00:00Z\" } }\n";
  EXPECT_THAT(ReadPlan(absl::StrCat(existing, destroy, crl), kPath),
              StatusIs(absl::StatusCode::kInvalidArgument, "come last"));
  EXPECT_THAT(
      ReadPlan(absl::StrCat(Whole(),
                            "step { destroy_key { key: \"ca\" key_id: "
                            "\"",
                            id, "\" } }"),
               kPath),
      StatusIs(absl::StatusCode::kInvalidArgument, "destroy it in another"));
}

TEST(ReadPlanTest, AWrappingKeyIsInTheSameToken) {
  const std::string other =
      R"(key { name: "w" type: "aes-256" source {
           pkcs11_uri: "pkcs11:token=other;object=w;id=%02"
           pkcs11_module: "/m.so" pin_file: "pin" } }
         step { backup_key { name: "b" key: "root" wrapping_key: "w" } })";
  EXPECT_THAT(
      ReadPlan(Whole() + other, kPath),
      StatusIs(absl::StatusCode::kInvalidArgument, "names another token"));
  EXPECT_THAT(
      ReadPlan(Whole() + absl::StrReplaceAll(other, {{"=other", "=t"}}), kPath),
      IsOk());
  EXPECT_THAT(
      ReadPlan(Whole() + "step { backup_key { name: \"b\" key: \"root\" "
                         "wrapping_key: \"ca\" } }",
               kPath),
      StatusIs(absl::StatusCode::kInvalidArgument, "no key of type aes-256"));
}

}  // namespace
}  // namespace chancery::cli::ceremony
