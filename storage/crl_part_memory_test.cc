#include "storage/crl_part_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

class CrlPartMemoryTest : public ::testing::Test {
 protected:
  // What comes, and whether it had to be read.
  std::string Get(const CrlRow& crl, uint32_t part) {
    const auto data = memory_.Get(crl, part, [&] {
      ++reads_;
      return absl::StatusOr<std::string>(absl::StrCat(crl.issuer_id, crl.shard,
                                                      crl.is_delta ? "d" : "f",
                                                      crl.number, ".", part));
    });
    EXPECT_THAT(data, IsOk());
    return data.value_or("");
  }

  CrlPartMemory memory_;
  int reads_ = 0;
};

TEST_F(CrlPartMemoryTest, WhatOneHasReadTheOthersGet) {
  const CrlRow crl{.issuer_id = "a", .shard = 1, .number = 7};
  for (uint32_t part = 0; part < 20; ++part) {
    for (int sender = 0; sender < 3; ++sender) {
      EXPECT_EQ(Get(crl, part), absl::StrCat("a1f7.", part));
    }
  }
  EXPECT_EQ(reads_, 20);
}

TEST_F(CrlPartMemoryTest, EachPartOfEachCrlIsItsOwn) {
  const CrlRow crl{.issuer_id = "a", .shard = 1, .number = 7};
  CrlRow other = crl;
  EXPECT_EQ(Get(crl, 0), "a1f7.0");
  EXPECT_EQ(Get(crl, 1), "a1f7.1");
  other.is_delta = true;
  EXPECT_EQ(Get(other, 0), "a1d7.0");
  other = crl;
  other.number = 8;
  EXPECT_EQ(Get(other, 0), "a1f8.0");
  other = crl;
  other.shard = 2;
  EXPECT_EQ(Get(other, 0), "a2f7.0");
  other = crl;
  other.issuer_id = "b";
  EXPECT_EQ(Get(other, 0), "b1f7.0");
}

TEST_F(CrlPartMemoryTest, OneThatIsFarBehindReadsAgain) {
  const CrlRow crl{.issuer_id = "a", .number = 7};
  for (uint32_t part = 0; part < 10; ++part) Get(crl, part);
  EXPECT_EQ(Get(crl, 0), "a0f7.0");
  EXPECT_EQ(reads_, 11);
}

TEST_F(CrlPartMemoryTest, WhatWasClearedIsReadAgain) {
  const CrlRow crl{.issuer_id = "a", .number = 7};
  Get(crl, 0);
  memory_.Clear();
  EXPECT_EQ(Get(crl, 0), "a0f7.0");
  EXPECT_EQ(reads_, 2);
}

TEST_F(CrlPartMemoryTest, AnErrorIsNotKept) {
  const CrlRow crl{.issuer_id = "a", .number = 7};
  EXPECT_THAT(memory_.Get(crl, 0,
                          []() -> absl::StatusOr<std::string> {
                            return absl::AbortedError("gone");
                          }),
              StatusIs(absl::StatusCode::kAborted, "gone"));
  EXPECT_EQ(Get(crl, 0), "a0f7.0");
}

TEST_F(CrlPartMemoryTest, ManyAtOnceReadOnce) {
  const CrlRow crl{.issuer_id = "a", .number = 7};
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 8; ++sender) {
    senders.emplace_back([&] {
      for (uint32_t part = 0; part < 3; ++part) {
        EXPECT_EQ(Get(crl, part), absl::StrCat("a0f7.", part));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(reads_, 3);
}

}  // namespace
}  // namespace chancery::storage
