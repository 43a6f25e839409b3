#include "x509/crl/reason.h"

#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

TEST(CrlReasonTest, IsAsTheRfcSpellsIt) {
  EXPECT_EQ(CrlReasonText(0), "unspecified");
  EXPECT_EQ(CrlReasonText(1), "keyCompromise");
  EXPECT_EQ(CrlReasonText(6), "certificateHold");
  EXPECT_EQ(CrlReasonText(10), "aACompromise");
}

TEST(CrlReasonTest, WhatHasNoNameIsANumber) {
  EXPECT_EQ(CrlReasonText(7), "7");
  EXPECT_EQ(CrlReasonText(11), "11");
  EXPECT_EQ(CrlReasonName(7), "");
  EXPECT_EQ(CrlReasonName(-1), "");
}

}  // namespace
}  // namespace chancery::x509
