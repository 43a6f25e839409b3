#include "der/writer.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "base/encoding.h"
#include "der/reader.h"
#include "gtest/gtest.h"

namespace chancery::der {
namespace {

absl::Time At(int year, int month, int day, int h = 0, int m = 0, int s = 0) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, h, m, s),
                         absl::UTCTimeZone());
}

template <typename Fill>
std::string HexOf(Fill fill) {
  Writer out;
  fill(out);
  const std::string der = out.Take();
  return base::Hex(base::AsBytes(der));
}

// X.690 8.3 and Kaliski, "A Layman's Guide to a Subset of ASN.1", 5.7.
TEST(WriterTest, IntegersHaveTheirShortestForm) {
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {0, "020100"},
      {127, "02017f"},
      {128, "02020080"},
      {256, "02020100"},
      {-128, "020180"},
      {-129, "0202ff7f"},
      {-1, "0201ff"},
      {std::numeric_limits<int64_t>::max(), "02087fffffffffffffff"},
      {std::numeric_limits<int64_t>::min(), "02088000000000000000"},
  };
  for (const auto& [value, hex] : cases) {
    EXPECT_EQ(HexOf([value = value](Writer& w) { w.AddInteger(value); }), hex);
    Reader reader;
    const std::string der = *base::FromHex(hex);
    reader = Reader(base::AsBytes(der));
    int64_t back = 1;
    ASSERT_TRUE(reader.ReadInt64(back));
    EXPECT_EQ(back, value);
  }
}

TEST(WriterTest, MagnitudesLoseTheirLeadingZeros) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "020100"},     {"00", "020100"},           {"0000", "020100"},
      {"7f", "02017f"},   {"80", "02020080"},         {"0080", "02020080"},
      {"0001", "020101"}, {"ff00ff", "020400ff00ff"},
  };
  for (const auto& [magnitude, hex] : cases) {
    const std::string bytes = *base::FromHex(magnitude);
    EXPECT_EQ(HexOf([&](Writer& w) { w.AddUnsigned(base::AsBytes(bytes)); }),
              hex);
  }
}

TEST(WriterTest, LengthsTakeTheFewestOctets) {
  for (const auto& [size, header] :
       std::vector<std::pair<size_t, std::string>>{{0, "0400"},
                                                   {127, "047f"},
                                                   {128, "048180"},
                                                   {255, "0481ff"},
                                                   {256, "04820100"},
                                                   {65535, "0482ffff"},
                                                   {65536, "0483010000"}}) {
    const std::string contents(size, 'x');
    Writer plain, nested;
    plain.AddOctetString(base::AsBytes(contents));
    nested.AddNested(Tag::kOctetString, [&](Writer& inside) {
      inside.AddElement(base::AsBytes(contents));
    });
    const std::string der = plain.Take();
    EXPECT_EQ(base::Hex(base::AsBytes(der)).substr(0, header.size()), header);
    EXPECT_EQ(der.size(), header.size() / 2 + size);
    EXPECT_EQ(nested.Take(), der);
  }
}

// X.690 8.9: the example { name "Smith", ok TRUE }.
TEST(WriterTest, NestsSequences) {
  EXPECT_EQ(HexOf([](Writer& w) {
              w.AddSequence([](Writer& s) {
                s.AddIa5String("Smith");
                s.AddBool(true);
              });
            }),
            "300a1605536d6974680101ff");
}

TEST(WriterTest, BitStringsLoseTrailingZeroBits) {
  const std::vector<std::pair<uint32_t, std::string>> cases = {
      {0, "030100"},           // No bit at all.
      {1 << 0, "03020780"},    // digitalSignature.
      {0x60, "03020106"},      // keyCertSign, cRLSign (RFC 5280 4.2.1.3).
      {1 << 8, "0303070080"},  // decipherOnly.
      {0xffffffff, "030500ffffffff"},
  };
  for (const auto& [mask, hex] : cases) {
    EXPECT_EQ(HexOf([mask = mask](Writer& w) { w.AddNamedBits(mask); }), hex);
    const std::string der = *base::FromHex(hex);
    Reader reader(base::AsBytes(der));
    uint32_t back = 1;
    ASSERT_TRUE(reader.ReadNamedBits(back)) << hex;
    EXPECT_EQ(back, mask);
  }
  const std::string octets = "\x6e\x5d";
  EXPECT_EQ(HexOf([&](Writer& w) { w.AddBitString(base::AsBytes(octets)); }),
            "0303006e5d");
}

TEST(WriterTest, SetsAreSorted) {
  EXPECT_EQ(HexOf([](Writer& w) {
              w.AddSetOf({std::string("\x02\x01\x02", 3),
                          std::string("\x02\x01\xff", 3),
                          std::string("\x01\x01\xff", 3),
                          std::string("\x02\x01\x01", 3)});
            }),
            "310c"
            "0101ff"
            "020101"
            "020102"
            "0201ff");
}

// RFC 5280 section 4.1.2.5.
TEST(WriterTest, TimesAreUtcTimeUntil2049) {
  const auto hex = [](absl::string_view text) {
    return base::Hex(base::AsBytes(text));
  };
  const auto time = [](absl::Time t) {
    return HexOf([&](Writer& w) { w.AddTime(t); });
  };
  EXPECT_EQ(time(At(2049, 12, 31, 23, 59, 59)), "170d" + hex("491231235959Z"));
  EXPECT_EQ(time(At(1950, 1, 1)), "170d" + hex("500101000000Z"));
  EXPECT_EQ(time(At(1949, 12, 31)), "180f" + hex("19491231000000Z"));
  EXPECT_EQ(time(At(2050, 1, 1)), "180f" + hex("20500101000000Z"));
  EXPECT_EQ(time(At(2026, 2, 3, 4, 5, 6) + absl::Milliseconds(999)),
            "170d" + hex("260203040506Z"));
  EXPECT_EQ(time(absl::InfiniteFuture()), "180f" + hex("99991231235959Z"));
  EXPECT_EQ(HexOf([](Writer& w) { w.AddGeneralizedTime(At(2026, 2, 3)); }),
            "180f" + hex("20260203000000Z"));
}

TEST(WriterTest, WritesTheRest) {
  EXPECT_EQ(HexOf([](Writer& w) { w.AddNull(); }), "0500");
  EXPECT_EQ(HexOf([](Writer& w) { w.AddBool(false); }), "010100");
  EXPECT_EQ(HexOf([](Writer& w) { w.AddEnumerated(6); }), "0a0106");
  EXPECT_EQ(HexOf([](Writer& w) { w.AddOid("\x55\x1d\x11"); }), "0603551d11");
  EXPECT_EQ(HexOf([](Writer& w) { w.AddUtf8String("\xc3\xa9"); }), "0c02c3a9");
  EXPECT_EQ(HexOf([](Writer& w) { w.AddPrintableString("DE"); }), "13024445");
  EXPECT_EQ(HexOf([](Writer& w) { w.Add(Implicit(2), "a"); }), "820161");
  EXPECT_EQ(HexOf([](Writer& w) {
              w.AddNested(Explicit(0), [](Writer& v) { v.AddInteger(2); });
            }),
            "a003020102");
}

}  // namespace
}  // namespace chancery::der
