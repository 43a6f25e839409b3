// Every lint has an example that passes it and one that fails it; the failing
// one breaks nothing else but what is named beside it.
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "base/bytes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/lints/linter.h"
#include "policy/lints/registry.h"
#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_certificate.h"

namespace chancery::policy::lints {
namespace {

using ::testing::Contains;
using testing::Example;
using testing::Examples;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

ObjectKind KindFor(const LintInfo& lint) {
  if (lint.object() == "cert") return ObjectKind::kCertificate;
  if (lint.object() == "crl") return ObjectKind::kCrl;
  if (lint.object() == "ocsp") return ObjectKind::kOcsp;
  return ObjectKind::kUnknown;
}

std::vector<std::string> Names(const std::string& der, ObjectKind kind) {
  const Linted linted =
      LintObject(base::AsBytes(der), kind, Selection::All(Severity::kNotice));
  std::vector<std::string> names;
  for (const Finding& finding : linted.findings) {
    names.push_back(finding.lint->name);
    EXPECT_FALSE(finding.found.empty()) << finding.lint->name;
  }
  return names;
}

const Examples& AllExamples() {
  static const auto* all = [] {
    auto* examples = new Examples;
    for (const Examples& some :
         {testing::Rfc5280BodyExamples(), testing::Rfc5280NameExamples(),
          testing::Rfc5280UsageExamples(), testing::Rfc5280ReferenceExamples(),
          testing::BrCertificateExamples(), testing::BrServerExamples(),
          testing::BrCaExamples(), testing::CrlExamples(),
          testing::CrlEntryExamples(), testing::BrCrlExamples(),
          testing::OcspExamples(), testing::OcspSingleExamples(),
          testing::OcspProfileExamples()}) {
      examples->insert(examples->end(), some.begin(), some.end());
    }
    return examples;
  }();
  return *all;
}

class LintTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { testing::MakeIssuer(); }
};

TEST_F(LintTest, EachHasOneRowOfExamples) {
  std::multiset<std::string> rows;
  for (const Example& example : AllExamples()) rows.insert(example.lint);
  for (const LintInfo* lint : AllLints()) {
    if (lint->object() == "file") continue;  // linter_test.cc
    EXPECT_EQ(rows.count(lint->name), 1) << lint->name;
    rows.erase(lint->name);
  }
  EXPECT_THAT(rows, IsEmpty());
}

TEST_F(LintTest, PassesWhatIsRight) {
  for (const Example& example : AllExamples()) {
    SCOPED_TRACE(example.lint);
    const LintInfo* lint = FindLint(example.lint);
    ASSERT_NE(lint, nullptr);
    EXPECT_THAT(Names(example.passes(), KindFor(*lint)),
                Not(Contains(example.lint)));
  }
}

TEST_F(LintTest, FindsWhatIsWrongAndNothingElse) {
  for (const Example& example : AllExamples()) {
    SCOPED_TRACE(example.lint);
    const LintInfo* lint = FindLint(example.lint);
    ASSERT_NE(lint, nullptr);
    std::vector<std::string> expected = example.besides;
    expected.push_back(example.lint);
    EXPECT_THAT(Names(example.fails(), KindFor(*lint)),
                UnorderedElementsAreArray(expected));
  }
}

TEST_F(LintTest, FindsNothingInTheProfilesThatExamplesStartFrom) {
  for (const auto& recipe :
       {testing::Server(), testing::Client(), testing::ServerCa(),
        testing::Root(), testing::Responder()}) {
    EXPECT_THAT(Names(recipe.Make(), ObjectKind::kCertificate), IsEmpty());
  }
}

TEST_F(LintTest, NamesSaySetAndObject) {
  std::map<absl::string_view, int> objects;
  for (const LintInfo* lint : AllLints()) {
    const std::string begin =
        std::string(lint->set()) + "_" + std::string(lint->object()) + "_";
    EXPECT_TRUE(absl::StartsWith(lint->name, begin)) << lint->name;
    EXPECT_TRUE(lint->object() == "cert" || lint->object() == "crl" ||
                lint->object() == "ocsp" || lint->object() == "file")
        << lint->name;
    EXPECT_EQ(FindLint(lint->name), lint) << "twice: " << lint->name;
    ++objects[lint->object()];
  }
  EXPECT_GE(objects["cert"], 60);
  EXPECT_GE(objects["crl"], 20);
  EXPECT_GE(objects["ocsp"], 30);
}

}  // namespace
}  // namespace chancery::policy::lints
