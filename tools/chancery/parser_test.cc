#include "tools/chancery/parser.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chancery/run.h"

namespace chancery::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Arguments = std::vector<std::string>;

class ParserTest : public ::testing::Test {
 protected:
  ParserTest() { setenv("CHANCERY_DIR", "x", 1); }

  Parsed Parse(const Arguments& arguments) {
    commands_ = AllCommands();
    return ParseCommandLine(arguments, commands_);
  }

  CommandList commands_;
};

struct Line {
  const char* name;
  Arguments arguments;
  const char* says = "";
};
std::string NameOf(const ::testing::TestParamInfo<Line>& info) {
  return info.param.name;
}

class ParserAcceptsTest : public ParserTest,
                          public ::testing::WithParamInterface<Line> {};

TEST_P(ParserAcceptsTest, Chooses) {
  const Parsed parsed = Parse(GetParam().arguments);
  ASSERT_NE(parsed.command, nullptr) << parsed.text;
  EXPECT_EQ(parsed.exit_code, kExitOk);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ParserAcceptsTest,
    ::testing::Values(
        Line{"Init", {"--dir", "x", "init"}},
        Line{"InitWithToken",
             {"--dir", "x", "init", "--pkcs11-module", "m", "--token", "t",
              "--pin-file", "p"}},
        Line{"InitWithHiddenOption",
             {"--dir", "x", "init", "--block-capacity", "16"}},
        Line{"Issue", {"issue", "--csr", "f", "--out", "o"}},
        Line{"IssuePkcs12",
             {"issue", "--csr", "f", "--key", "k", "--format", "pkcs12",
              "--out-password", "env:P", "--out", "o"}},
        Line{"Show", {"show", "0a", "--format", "pkcs7", "--out", "o"}},
        Line{"Convert",
             {"convert", "a", "b", "--to", "pem", "--out", "o", "--key-out",
              "k", "--no-encryption"}},
        Line{"ConvertToPkcs12",
             {"convert", "a", "--key", "k", "--to", "pkcs12", "--out-password",
              "fd:3", "--legacy", "--name", "www", "--out", "o"}},
        Line{"GlobalsAfterTheCommand", {"issue", "--csr", "f", "--dir", "x"}},
        Line{"RevokeSerial", {"revoke", "0A:FF", "--reason", "keyCompromise"}},
        Line{"RevokeByNumber", {"revoke", "--cert", "f", "--reason", "4"}},
        Line{"RevokeSince", {"revoke", "0a", "--date", "2026-01-01T00:00:00Z"}},
        Line{"RevokeDirectly", {"revoke", "0a", "--direct"}},
        Line{"Release", {"release", "0a"}},
        Line{"Status", {"status", "--cert", "f", "--json"}},
        Line{"List", {"list", "--status", "held", "--limit", "5"}},
        Line{"Cluster", {"cluster", "--json"}},
        Line{"Ocsp", {"ocsp", "http://localhost:1", "f", "--sha256"}},
        Line{"Lint",
             {"lint", "--set", "br", "f", "g", "--set", "rfc5280", "--ignore",
              "br_cert_version_3", "h"}},
        Line{"LintList", {"lint", "--list"}}),
    NameOf);

class ParserRefusesTest : public ParserTest,
                          public ::testing::WithParamInterface<Line> {};

TEST_P(ParserRefusesTest, AsWrongUsageAndSaysWhy) {
  const Parsed parsed = Parse(GetParam().arguments);
  EXPECT_EQ(parsed.command, nullptr);
  EXPECT_EQ(parsed.exit_code, kExitUsage);
  EXPECT_THAT(parsed.text, HasSubstr(GetParam().says));
  EXPECT_THAT(parsed.text, HasSubstr("--help"));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ParserRefusesTest,
    ::testing::Values(
        Line{"NoCommand", {}, "subcommand is required"},
        Line{"UnknownCommand", {"frobnicate"}, "frobnicate"},
        Line{"UnknownOption", {"list", "--frob"}, "--frob"},
        Line{"NoCsr", {"issue"}, "--csr is required"},
        Line{"EmptyValue", {"issue", "--csr", ""}, "empty"},
        Line{"NotANumber", {"list", "--limit", "many"}, "--limit"},
        Line{"NeitherSerialNorFile", {"revoke"}, "which certificate?"},
        Line{"SerialAndFile",
             {"status", "0a", "--cert", "f"},
             "which certificate?"},
        Line{"SerialThatIsNone", {"revoke", "xyz"}, "hexadecimal"},
        Line{"UnknownReason",
             {"revoke", "0a", "--reason", "boredom"},
             "value `boredom`: must be one of unspecified (0), keyCompromise"},
        Line{"ReasonOutsideTheStandard",
             {"revoke", "0a", "--reason", "7"},
             "value `7`"},
        Line{"BadDate",
             {"revoke", "0a", "--date", "yesterday"},
             "--date: value `yesterday`"},
        Line{"BadStatus", {"list", "--status", "fine"}, "--status"},
        Line{"BothHashes",
             {"ocsp", "http://h", "f", "--sha1", "--sha256"},
             "one of"},
        Line{"OcspOverTls", {"ocsp", "https://h", "f"}, "http://"},
        Line{"TokenWithoutPin",
             {"init", "--pkcs11-module", "m", "--token", "t"},
             "--pin-file"},
        Line{"UnknownKeyType", {"init", "--key-type", "dsa"}, "ecdsa-p256"},
        Line{"NoResponders", {"init", "--responders", "0"}, "1 to 64"},
        Line{"ClusterNameForNoUri",
             {"init", "--cluster", "A b"},
             "--cluster: value `A b`"},
        Line{"IssuerNamedAsAFileOfOurs",
             {"init", "--issuer", "root"},
             "--issuer: value `root`"},
        Line{"LintOfNothing", {"lint"}, "at least one file"},
        Line{"UnknownLintSet",
             {"lint", "f", "--set", "rfc1"},
             "--set: value `rfc1`"},
        Line{"IssueInAFormatThatCannotBePrinted",
             {"issue", "--csr", "f", "--format", "der"},
             "--out: is needed"},
        Line{"IssueOfDerWithoutItsChain",
             {"issue", "--csr", "f", "--format", "der", "--out", "o"},
             "--chain-out: is needed"},
        Line{"IssueOfAKey",
             {"issue", "--csr", "f", "--format", "pkcs8", "--out", "o"},
             "--format: value `pkcs8`"},
        Line{"Pkcs12WithoutKey",
             {"issue", "--csr", "f", "--format", "pkcs12", "--out", "o"},
             "needs --key and --out-password"},
        Line{"KeyForPem", {"issue", "--csr", "f", "--key", "k"}, "pkcs12"},
        Line{"ConvertOfNothing", {"convert"}, "required"},
        Line{"UnknownFormat",
             {"convert", "f", "--to", "jks", "--out", "o"},
             "--to: value `jks`: must be one of pem, der, pkcs7"},
        Line{"PasswordInAnArgument",
             {"convert", "f", "--to", "pkcs12", "--out", "o", "--out-password",
              "hunter2"},
             "--out-password: must be file:PATH"},
        Line{"Pkcs12WithoutPassword",
             {"convert", "f", "--to", "pkcs12", "--out", "o"},
             "--out-password: is needed"},
        Line{"KeyInTheClearUnasked",
             {"convert", "f", "--to", "pkcs8", "--out", "o"},
             "either --out-password SOURCE or --no-encryption"},
        Line{"KeyToTheSameFile",
             {"convert", "f", "--to", "pem", "--out", "o", "--key-out", "o"},
             "is the file of --out"},
        Line{"UnknownKdf",
             {"convert", "f", "--to", "pem", "--out", "o", "--kdf", "argon2"},
             "--kdf: value `argon2`"},
        Line{"UnknownLint",
             {"lint", "f", "--ignore", "br_cert"},
             "--ignore: value `br_cert`"},
        Line{"UnknownLintLevel",
             {"lint", "f", "--level", "fatal"},
             "--level: value `fatal`"},
        Line{"CapacityNoPowerOfTwo",
             {"init", "--block-capacity", "12"},
             "power of two"}),
    NameOf);

TEST_F(ParserTest, DoesNotRepeatAPasswordThatWasTypedAsAnArgument) {
  EXPECT_THAT(Parse({"convert", "f", "--to", "pkcs12", "--out", "o",
                     "--out-password", "hunter2"})
                  .text,
              Not(HasSubstr("hunter2")));
}

TEST_F(ParserTest, AsksWhichClusterWhereOneIsNeeded) {
  unsetenv("CHANCERY_DIR");
  const Parsed parsed = Parse({"list"});
  EXPECT_EQ(parsed.command, nullptr);
  EXPECT_EQ(parsed.exit_code, kExitUsage);
  EXPECT_THAT(parsed.text, HasSubstr("--dir DIR"));
  EXPECT_NE(Parse({"list", "--config", "f"}).command, nullptr);
  EXPECT_NE(Parse({"ocsp", "http://h", "cert"}).command, nullptr);
}

TEST_F(ParserTest, ShowsDefaults) {
  EXPECT_THAT(Parse({"init", "--help"}).text,
              HasSubstr("--key-type TYPE (default: ecdsa-p256)"));
}

TEST_F(ParserTest, TakesTheFolderFromTheEnvironment) {
  setenv("CHANCERY_DIR", "/from/environment", 1);
  EXPECT_EQ(Parse({"list"}).globals.dir, "/from/environment");
  EXPECT_EQ(Parse({"--dir", "/said", "list"}).globals.dir, "/said");
}

TEST_F(ParserTest, HelpOfEachCommandHasAnExample) {
  for (const auto& command : AllCommands()) {
    SCOPED_TRACE(command->name());
    const Parsed parsed = Parse({command->name(), "--help"});
    EXPECT_EQ(parsed.exit_code, kExitOk);
    EXPECT_EQ(parsed.command, nullptr);
    EXPECT_THAT(parsed.text, HasSubstr("Example:"));
    EXPECT_THAT(parsed.text, HasSubstr(command->name()));
  }
}

TEST_F(ParserTest, HelpListsEveryCommandAndTheExitCodes) {
  const std::string text = Parse({"--help"}).text;
  for (const auto& command : AllCommands()) {
    EXPECT_THAT(text, HasSubstr(command->name()));
  }
  EXPECT_THAT(text, HasSubstr("Exit codes: 0 done, 1 failed, 2 wrong usage"));
}

TEST_F(ParserTest, HidesWhatIsForTests) {
  EXPECT_THAT(Parse({"init", "--help"}).text, Not(HasSubstr("block-capacity")));
}

TEST_F(ParserTest, TellsItsVersion) {
  EXPECT_THAT(Parse({"--version"}).text, HasSubstr("chancery 0."));
}

}  // namespace
}  // namespace chancery::cli
