#include "responder/recent_answers.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

std::string DerOf(int i) {
  return absl::StrCat("response ", i, std::string(900, 'r'));
}

void Offer(RecentAnswers& recent, const std::string& path,
           const std::string& der, uint64_t edition = 1) {
  recent.Offer(RecentAnswers::KeyOf(path), path,
               {.times = {.this_update = absl::FromUnixSeconds(7),
                          .next_update = absl::FromUnixSeconds(9),
                          .refresh_at = absl::FromUnixSeconds(8)},
                .origin = {.name = 3, .edition = edition},
                .etag = "\"e\"",
                .fields = "A: b\r\n",
                .der = der});
}

const OcspAnswer* Find(RecentAnswers& recent, const std::string& path) {
  return recent.Find(RecentAnswers::KeyOf(path), path);
}

TEST(RecentAnswersTest, AnswersWhatItWasOffered) {
  RecentAnswers recent(kMegabyte);
  recent.Prefetch(RecentAnswers::KeyOf("/a"));
  EXPECT_FALSE(recent.Expects(RecentAnswers::KeyOf("/a")));
  EXPECT_EQ(Find(recent, "/a"), nullptr);
  {
    std::string gone = DerOf(1);
    Offer(recent, "/a", gone);
    gone.assign(gone.size(), 'x');
  }
  EXPECT_TRUE(recent.Expects(RecentAnswers::KeyOf("/a")));
  const OcspAnswer* const found = Find(recent, "/a");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->der, DerOf(1));
  EXPECT_EQ(found->etag, "\"e\"");
  EXPECT_EQ(found->fields, "A: b\r\n");
  EXPECT_EQ(found->times.this_update, absl::FromUnixSeconds(7));
  EXPECT_EQ(found->origin.name, 3u);
  EXPECT_EQ(found->origin.edition, 1u);
}

TEST(RecentAnswersTest, ANewerAnswerOfThePathReplacesAtOnce) {
  RecentAnswers recent(kMegabyte);
  Offer(recent, "/a", DerOf(1));
  for (int i = 0; i < 100; ++i) ASSERT_NE(Find(recent, "/a"), nullptr);
  Offer(recent, "/a", "short", /*edition=*/2);
  EXPECT_EQ(Find(recent, "/a")->der, "short");
  EXPECT_EQ(Find(recent, "/a")->origin.edition, 2u);
  Offer(recent, "/a", DerOf(3), /*edition=*/3);
  EXPECT_EQ(Find(recent, "/a")->der, DerOf(3));
}

TEST(RecentAnswersTest, APathWithAnothersHashIsNotThatOne) {
  RecentAnswers recent(kMegabyte);
  Offer(recent, "/a", DerOf(1));
  EXPECT_EQ(recent.Find(RecentAnswers::KeyOf("/a"), "/b"), nullptr);
}

// With room for no more there is one set of eight places, and all paths want
// one of them.
constexpr size_t kOneSet = 16 << 10;

class RecentAnswersOfOneSetTest : public ::testing::Test {
 protected:
  RecentAnswersOfOneSetTest() {
    for (int i = 0; i < 8; ++i) Offer(recent_, PathOf(i), DerOf(i));
  }
  static std::string PathOf(int i) { return absl::StrCat("/taken/", i); }
  RecentAnswers recent_{kOneSet};
};

TEST_F(RecentAnswersOfOneSetTest, WhatComesOnceReplacesNothing) {
  for (int i = 100; i < 1000; ++i) {
    Offer(recent_, absl::StrCat("/", i), DerOf(i));
  }
  for (int i = 0; i < 8; ++i) {
    ASSERT_NE(Find(recent_, PathOf(i)), nullptr) << i;
    EXPECT_EQ(Find(recent_, PathOf(i))->der, DerOf(i));
  }
}

TEST_F(RecentAnswersOfOneSetTest, WhatComesMoreOftenTakesThePlaceOfTheLeast) {
  for (int i = 0; i < 8; ++i) {
    if (i == 5) continue;
    for (int j = 0; j < 3; ++j) ASSERT_NE(Find(recent_, PathOf(i)), nullptr);
  }
  int visits = 0;
  while (Find(recent_, "/often") == nullptr && visits < 100) {
    Offer(recent_, "/often", DerOf(9));
    ++visits;
  }
  EXPECT_GE(visits, 2);
  EXPECT_LT(visits, 10);
  EXPECT_EQ(Find(recent_, "/often")->der, DerOf(9));
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(Find(recent_, PathOf(i)) == nullptr, i == 5) << i;
  }
}

TEST_F(RecentAnswersOfOneSetTest, WhatWasAskedForOnceOftenGoesInTheEnd) {
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 1000; ++j) ASSERT_NE(Find(recent_, PathOf(i)), nullptr);
  }
  int visits = 0;
  while (Find(recent_, "/often") == nullptr && visits < 1000) {
    Offer(recent_, "/often", DerOf(9));
    ++visits;
  }
  EXPECT_GT(visits, 5);
  EXPECT_LT(visits, 100);
}

TEST(RecentAnswersTest, KeepsToItsMemory) {
  for (const size_t limit : {size_t{1}, size_t{4096}, kMegabyte}) {
    RecentAnswers recent(limit);
    const size_t empty = recent.bytes();
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 3000; ++i) {
        // Most of them larger than usual.
        Offer(recent, absl::StrCat("/", i),
              std::string(static_cast<size_t>(i) * 7 % 9000, 'r'));
        Offer(recent, absl::StrCat("/", i), std::string(2000, 'r'));
        ASSERT_LE(recent.bytes(), std::max(limit, empty));
      }
    }
  }
}

TEST(RecentAnswersTest, UsesMostOfItsMemory) {
  RecentAnswers recent(kMegabyte);
  for (int i = 0; i < 10000; ++i) {
    Offer(recent, absl::StrCat("/", i), DerOf(i));
  }
  EXPECT_GT(recent.bytes(), kMegabyte / 2);
  size_t found = 0;
  for (int i = 0; i < 10000; ++i) {
    const OcspAnswer* const answer = Find(recent, absl::StrCat("/", i));
    if (answer == nullptr) continue;
    ++found;
    ASSERT_EQ(answer->der, DerOf(i));
  }
  EXPECT_GT(found, 500u);
}

}  // namespace
}  // namespace chancery::responder
