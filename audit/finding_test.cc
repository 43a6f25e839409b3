#include "audit/finding.h"

#include <set>
#include <string>

#include "base/file.h"
#include "gtest/gtest.h"

namespace chancery::audit {
namespace {

TEST(FindingTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Kind kind : AllKinds()) names.insert(Name(kind));
  EXPECT_EQ(names.size(), AllKinds().size());
  EXPECT_EQ(names.count("unnamed"), 0u);
  EXPECT_EQ(AllKinds().back(), Kind::kResponderNotReady);
  EXPECT_EQ(AllKinds().size(),
            static_cast<size_t>(Kind::kResponderNotReady) + 1);
}

TEST(FindingTest, TheDocumentationHasEveryName) {
  const std::string page = *base::ReadFile("docs/audit.md");
  for (const Kind kind : AllKinds()) {
    EXPECT_NE(page.find("| `" + std::string(Name(kind)) + "` |"),
              std::string::npos)
        << Name(kind);
  }
}

TEST(FindingsTest, KeepsTheFirstOfAKindAndCountsAll) {
  Findings findings(2);
  for (uint64_t i = 0; i < 5; ++i) {
    findings.Add(Finding(Kind::kUnrevoked, "").With("index", i));
  }
  Findings more(2);
  more.Add(Finding(Kind::kUnrevoked, ""));
  more.Add(Finding(Kind::kCrlStale, ""));
  findings.Absorb(std::move(more));
  EXPECT_EQ(findings.kept().size(), 3u);
  EXPECT_EQ(findings.kept()[1].evidence[0].second, "1");
  EXPECT_EQ(findings.Count(Kind::kUnrevoked), 6u);
  EXPECT_EQ(findings.Count(Kind::kCrlStale), 1u);
  EXPECT_FALSE(findings.empty());
}

}  // namespace
}  // namespace chancery::audit
