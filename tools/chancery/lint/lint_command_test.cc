// The command on what OpenSSL made: its exit codes, text and JSON.
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chancery/run.h"

namespace chancery::cli {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LintCommandTest : public ::testing::Test {
 protected:
  // A self-signed certificate of one warning (an end entity without a
  // subjectKeyIdentifier), and one of an error (its serial number is negative)
  // too.
  static void SetUpTestSuite() {
    const std::string extensions =
        WriteTemp("x.cnf",
                  "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
                  "keyUsage=critical,digitalSignature\n");
    Shell("openssl genpkey -algorithm ED25519 -out " + TempPath("key"));
    for (const auto& [name, serial] :
         {std::pair("warned", "2000000000000000000"),
          std::pair("wrong", "-2000000000000000000")}) {
      Shell("openssl x509 -new -key " + TempPath("key") +
            " -subj '/CN=a\x1b[1mb' -days 9 -set_serial " + serial +
            " -extfile " + extensions + " -out " + TempPath(name));
    }
    Shell("cat " + TempPath("warned") + " " + TempPath("wrong") + " > " +
          TempPath("both"));
  }

  int Lint(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"lint", "--set", "rfc5280"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    out_.str("");
    err_.str("");
    return cli::Run(all, out_, err_);
  }

  std::ostringstream out_, err_;
};

TEST_F(LintCommandTest, ExitCodeSaysWhetherThereAreErrors) {
  EXPECT_EQ(Lint({TempPath("warned")}), 0);
  EXPECT_THAT(out_.str(),
              HasSubstr("1 object: 0 errors, 1 warning, 0 notices"));
  EXPECT_EQ(Lint({TempPath("wrong")}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("1 object: 1 error, 1 warning, 0 notices"));
  EXPECT_EQ(
      Lint({TempPath("wrong"), "--ignore", "rfc5280_cert_serial_positive"}), 0);
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(LintCommandTest, AFileThatCannotBeReadIsAnotherExitCode) {
  EXPECT_EQ(Lint({TempPath("none"), TempPath("wrong")}), 2);
  EXPECT_THAT(err_.str(), HasSubstr(TempPath("none")));
  // The other one is linted.
  EXPECT_THAT(out_.str(), HasSubstr("1 error"));
}

// Whichever lints are chosen: none of them looked at it.
TEST_F(LintCommandTest, WhatCannotBeReadNeverPasses) {
  const std::string garbage = WriteTemp("garbage", "no certificate\n");
  const std::string empty = WriteTemp("empty", "");
  const std::string broken = WriteTemp("broken",
                                       "-----BEGIN CERTIFICATE-----\nMAA=\n"
                                       "-----END CERTIFICATE-----\n");
  for (const std::string& path : {garbage, empty, broken}) {
    EXPECT_EQ(Lint({path}), 1) << path;
    EXPECT_THAT(err_.str(), HasSubstr(path + ", object 1: could not be read"));
    for (const std::vector<std::string>& chosen :
         {std::vector<std::string>{"--set", "br"},
          {"--set", "rfc6960"},
          {"--level", "error", "--set", "br"},
          {"--ignore", "rfc7468_file_readable", "--ignore",
           "rfc5280_cert_readable"}}) {
      std::vector<std::string> all = {"lint", path, TempPath("warned")};
      all.insert(all.end(), chosen.begin(), chosen.end());
      std::ostringstream out, err;
      EXPECT_EQ(cli::Run(all, out, err), 1) << path << chosen.back();
      EXPECT_THAT(err.str(), HasSubstr(path));
    }
  }
}

TEST_F(LintCommandTest, TextNamesObjectLintSectionAndValue) {
  EXPECT_EQ(Lint({TempPath("both")}), 1);
  // The same certificate as the second object of the file; no control
  // characters reach the terminal.
  EXPECT_THAT(out_.str(),
              HasSubstr(TempPath("both") + ", object 2: certificate CN=a"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(
      out_.str(),
      HasSubstr("  error rfc5280_cert_serial_positive (RFC 5280 section "
                "4.1.2.2): serialNumber is positive: serialNumber is e43e9298"
                "b1380000 in hexadecimal\n"));
}

TEST_F(LintCommandTest, LevelLeavesOutWhatIsBelow) {
  EXPECT_EQ(Lint({TempPath("both"), "--level", "error"}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("2 objects: 1 error, 0 warnings"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("subject_key_id")));
}

TEST_F(LintCommandTest, JsonHasTheSame) {
  EXPECT_EQ(Lint({TempPath("both"), "--json"}), 1);
  WriteTemp("out.json", out_.str());
  const std::string read = Shell(
      "python3 -c \"import json; d = json.load(open('" + TempPath("out.json") +
      "')); o = d['objects'][1]; f = o['findings'][0]; print(o['object'], "
      "o['kind'], o['number'], f['lint'], f['severity'], f['source'], "
      "d['counts']['error'], d['counts']['warning'])\"");
  EXPECT_EQ(read,
            "2 certificate e43e9298b1380000 rfc5280_cert_serial_positive error "
            "RFC 5280 section 4.1.2.2 1 2\n");
}

TEST_F(LintCommandTest, ListsAllLints) {
  EXPECT_EQ(Lint({"--list"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("| `rfc5280_cert_serial_positive` |"));
  EXPECT_EQ(Lint({"--list", "--json"}), 2);
}

}  // namespace
}  // namespace chancery::cli
