#include "policy/lints/linter.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/lints/registry.h"
#include "policy/lints/testing/openssl_certificate.h"
#include "policy/lints/testing/openssl_crl.h"
#include "policy/lints/testing/openssl_ocsp.h"
#include "x509/certificate/pem.h"

namespace chancery::policy::lints {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Selection kAll = Selection::All(Severity::kNotice);

std::vector<std::string> Names(const Linted& linted) {
  std::vector<std::string> names;
  for (const Finding& finding : linted.findings) {
    names.push_back(finding.lint->name);
  }
  return names;
}

class LintFileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    testing::MakeIssuer();
    certificate_ = new std::string(testing::Server().Make());
    crl_ = new std::string(testing::OpenSslCrl().Make());
    ocsp_ = new std::string(testing::OpenSslOcsp().Make());
  }
  static inline const std::string *certificate_, *crl_, *ocsp_;
};

TEST_F(LintFileTest, RecognisesDer) {
  struct Case {
    const std::string* der;
    ObjectKind kind;
    const char* title;
    const char* number;
  };
  for (const Case& test :
       {Case{certificate_, ObjectKind::kCertificate, "C=AT, O=Test",
             "414243444546474849505152535455"},
        Case{crl_, ObjectKind::kCrl, "C=AT, O=Test, CN=CA", "1000"},
        Case{ocsp_, ObjectKind::kOcsp, "good", "41424344454647484950"}}) {
    const auto linted = LintFile(*test.der, kAll);
    ASSERT_THAT(linted, SizeIs(1));
    EXPECT_EQ(linted[0].kind, test.kind);
    EXPECT_EQ(linted[0].title, test.title);
    EXPECT_EQ(linted[0].number, test.number);
    EXPECT_THAT(Names(linted[0]), IsEmpty());
  }
}

TEST_F(LintFileTest, ReadsAllObjectsOfAPemFile) {
  const std::string pem =
      absl::StrCat("Subject: www\n",
                   x509::EncodePem("CERTIFICATE", base::AsBytes(*certificate_)),
                   x509::EncodePem("PRIVATE KEY", base::AsBytes(*crl_)),
                   x509::EncodePem("X509 CRL", base::AsBytes(*crl_)), "\n",
                   x509::EncodePem("OCSP RESPONSE", base::AsBytes(*ocsp_)));
  const auto linted = LintFile(pem, kAll);
  ASSERT_THAT(linted, SizeIs(3));
  EXPECT_EQ(linted[0].kind, ObjectKind::kCertificate);
  EXPECT_EQ(linted[1].kind, ObjectKind::kCrl);
  EXPECT_EQ(linted[2].kind, ObjectKind::kOcsp);
  for (const Linted& object : linted) EXPECT_THAT(object.findings, IsEmpty());
}

TEST_F(LintFileTest, WhatCannotBeReadIsAFinding) {
  const std::string pem =
      x509::EncodePem("CERTIFICATE", base::AsBytes(*certificate_));
  struct Case {
    const char* name;
    std::string contents;
    const char* lint;
  };
  for (const Case& test :
       {Case{"Empty", "", "rfc7468_file_readable"},
        Case{"Text", "hello", "rfc7468_file_readable"},
        Case{"OnlyAKey", x509::EncodePem("PRIVATE KEY", base::AsBytes(*crl_)),
             "rfc7468_file_readable"},
        Case{"CutOff", certificate_->substr(0, certificate_->size() - 1),
             "rfc7468_file_readable"},
        Case{"TrailingOctet", *certificate_ + "x", "rfc5280_cert_readable"},
        Case{"PemWithoutEnd", pem.substr(0, pem.size() - 10),
             "rfc5280_cert_readable"},
        Case{"PemOfAnother",
             x509::EncodePem("CERTIFICATE", base::AsBytes(*crl_)),
             "rfc5280_cert_readable"},
        Case{"PemOfNoBase64",
             "-----BEGIN X509 CRL-----\n?\n-----END X509 CRL-----\n",
             "rfc5280_crl_readable"}}) {
    SCOPED_TRACE(test.name);
    const auto linted = LintFile(test.contents, kAll);
    ASSERT_THAT(linted, SizeIs(1));
    EXPECT_THAT(Names(linted[0]), ElementsAre(test.lint));
  }
}

TEST_F(LintFileTest, KeepsToTheSelection) {
  // A notice, a warning and an error, of two sets.
  const std::string der = testing::Server()
                              .Subject("/C=AT/emailAddress=a@example.com")
                              .Set("subjectKeyIdentifier", "")
                              .Set("certificatePolicies", "")
                              .Make();
  const auto names = [&](const Selection& selection) {
    return Names(LintFile(der, selection).front());
  };
  EXPECT_THAT(names(kAll), ElementsAre("rfc5280_cert_subject_no_email",
                                       "rfc5280_cert_subject_key_id_of_leaf",
                                       "br_cert_server_reserved_policy"));
  EXPECT_THAT(names(Selection::All(Severity::kError)),
              ElementsAre("br_cert_server_reserved_policy"));
  EXPECT_THAT(names(Selection()), IsEmpty());
  Selection some;
  ASSERT_THAT(some.Add("rfc5280", Severity::kNotice), IsOk());
  ASSERT_THAT(some.Except("rfc5280_cert_subject_no_email"), IsOk());
  EXPECT_THAT(names(some), ElementsAre("rfc5280_cert_subject_key_id_of_leaf"));
}

// The first of what LintObject finds, of each kind.
TEST_F(LintFileTest, TheFirstFindingIsTheFirstOfAll) {
  const std::string wrong = testing::Server()
                                .Subject("/C=AT/emailAddress=a@example.com")
                                .Set("subjectKeyIdentifier", "")
                                .Set("certificatePolicies", "")
                                .Make();
  const std::string unreadable = *ocsp_ + "x";
  Selection some;
  ASSERT_THAT(some.Add("rfc5280", Severity::kWarning), IsOk());
  for (const std::string* der : std::initializer_list<const std::string*>{
           certificate_, crl_, ocsp_, &wrong, &unreadable}) {
    for (const ObjectKind kind : {ObjectKind::kCertificate, ObjectKind::kCrl,
                                  ObjectKind::kOcsp, ObjectKind::kUnknown}) {
      for (const Selection& selection :
           {kAll, some, Selection::All(Severity::kError)}) {
        const auto all = LintObject(base::AsBytes(*der), kind, selection);
        const auto first = FirstFinding(base::AsBytes(*der), kind, selection);
        ASSERT_EQ(first.has_value(), !all.findings.empty());
        if (!first.has_value()) continue;
        EXPECT_EQ(first->lint, all.findings.front().lint);
        EXPECT_EQ(first->found, all.findings.front().found);
      }
    }
  }
  EXPECT_STREQ(
      FirstFinding(base::AsBytes(wrong), ObjectKind::kCertificate, kAll)
          ->lint->name,
      "rfc5280_cert_subject_no_email");
  EXPECT_FALSE(FirstFinding(base::AsBytes(wrong), ObjectKind::kCertificate,
                            Selection()));
}

TEST(SelectionTest, RefusesNamesThatDoNotExist) {
  Selection selection;
  EXPECT_THAT(selection.Add("rfc5281", Severity::kError),
              StatusIs(absl::StatusCode::kInvalidArgument, "but br, rfc5280"));
  EXPECT_THAT(selection.Except("rfc5280_cert_serial"),
              StatusIs(absl::StatusCode::kInvalidArgument, "no such lint"));
  EXPECT_THAT(
      SeverityFromName("fatal"),
      StatusIs(absl::StatusCode::kInvalidArgument, "notice, warning, error"));
}

TEST(LintTableTest, IsTheOneInTheDocs) {
  const auto page = base::ReadFile("docs/lints.md");
  ASSERT_THAT(page, IsOk());
  EXPECT_TRUE(absl::StrContains(*page, LintTable()))
      << "write what `chancery lint --list` prints into docs/lints.md";
}

}  // namespace
}  // namespace chancery::policy::lints
