#include "der/reader.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "base/encoding.h"
#include "gtest/gtest.h"

namespace chancery::der {
namespace {

std::string FromHex(absl::string_view hex) { return *base::FromHex(hex); }

std::string Text(Tag tag, absl::string_view text) {
  std::string out(1, static_cast<char>(tag));
  out.push_back(static_cast<char>(text.size()));
  return out + std::string(text);
}

// Runs `read` on `hex`; a failure must not move the reader.
bool Reads(absl::string_view hex, const std::function<bool(Reader&)>& read) {
  const std::string der = FromHex(hex);
  Reader reader(base::AsBytes(der));
  const bool ok = read(reader);
  EXPECT_EQ(reader.rest().size(), ok ? 0 : der.size()) << hex;
  return ok;
}

TEST(ReaderTest, RefusesLengthsThatAreNotDer) {
  const auto read = [](Reader& r) {
    Bytes contents;
    return r.Read(Tag::kOctetString, contents);
  };
  EXPECT_TRUE(Reads("0400", read));
  EXPECT_TRUE(Reads("040161", read));
  EXPECT_TRUE(Reads("048180" + std::string(256, '0'), read));
  for (const char* hex : {"", "04", "0401", "04810161", "0482000161", "048061",
                          "0480610000", "04ff61", "0485010000000061"}) {
    EXPECT_FALSE(Reads(hex, read)) << hex;
  }
  EXPECT_FALSE(Reads("050161", read)) << "another tag";
}

TEST(ReaderTest, ReadsAnyTagOfOneOctet) {
  const std::string der = FromHex("0c0161810162a003020102");
  Reader reader(base::AsBytes(der));
  Tag tag;
  Bytes contents;
  ASSERT_TRUE(reader.ReadAny(tag, contents));
  EXPECT_EQ(tag, Tag::kUtf8String);
  EXPECT_EQ(base::AsText(contents), "a");
  ASSERT_TRUE(reader.ReadAny(tag, contents));
  EXPECT_EQ(tag, Implicit(1));
  ASSERT_TRUE(reader.ReadAnyElement(tag, contents));
  EXPECT_EQ(tag, Explicit(0));
  EXPECT_EQ(contents.size(), 5u);
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_FALSE(reader.ReadAny(tag, contents));
  EXPECT_FALSE(Reads("1f8101023041", [](Reader& r) {
    Tag any;
    Bytes found;
    return r.ReadAny(any, found) || r.ReadAnyElement(any, found);
  }));
}

TEST(ReaderTest, BooleansAreAllOrNothing) {
  bool value = false;
  const auto read = [&](Reader& r) { return r.ReadBool(value); };
  EXPECT_TRUE(Reads("0101ff", read));
  EXPECT_TRUE(value);
  EXPECT_TRUE(Reads("010100", read));
  EXPECT_FALSE(value);
  for (const char* hex : {"010101", "0100", "0102ffff", "020101"}) {
    EXPECT_FALSE(Reads(hex, read)) << hex;
  }
}

TEST(ReaderTest, ADefaultIsNotEncoded) {
  bool value = true;
  const auto read = [&](Reader& r) { return r.ReadDefaultFalse(value); };
  EXPECT_TRUE(Reads("", read));
  EXPECT_FALSE(value);
  EXPECT_TRUE(Reads("0101ff", read));
  EXPECT_TRUE(value);
  EXPECT_FALSE(Reads("010100", read));
}

TEST(ReaderTest, UnsignedIntegersAreMinimalAndNotNegative) {
  Bytes magnitude;
  const std::string zero = FromHex("020100"), big = FromHex("02020080");
  Reader reader(base::AsBytes(zero));
  ASSERT_TRUE(reader.ReadUnsigned(magnitude));
  EXPECT_TRUE(magnitude.empty());
  reader = Reader(base::AsBytes(big));
  ASSERT_TRUE(reader.ReadUnsigned(magnitude));
  EXPECT_EQ(base::Hex(magnitude), "80");
  const auto read = [&](Reader& r) { return r.ReadUnsigned(magnitude); };
  for (const char* hex :
       {"0200", "020180", "0201ff", "0202007f", "02020000", "0202ff80"}) {
    EXPECT_FALSE(Reads(hex, read)) << hex;
  }
}

TEST(ReaderTest, SmallIntegersFit) {
  int64_t value = 0;
  const auto read = [&](Reader& r) { return r.ReadInt64(value); };
  EXPECT_TRUE(Reads("0202ff7f", read));
  EXPECT_EQ(value, -129);
  EXPECT_FALSE(Reads("0209008000000000000000", read));
  EXPECT_FALSE(Reads("02020001", read));
  uint8_t small = 0;
  const auto enumerated = [&](Reader& r) { return r.ReadEnumerated(small); };
  EXPECT_TRUE(Reads("0a0106", enumerated));
  EXPECT_EQ(small, 6);
  for (const char* hex : {"0a0180", "0a00", "0a020001", "020106"}) {
    EXPECT_FALSE(Reads(hex, enumerated)) << hex;
  }
}

TEST(ReaderTest, BitStringsHaveNoStrayBits) {
  Bytes octets;
  uint8_t unused = 0;
  const auto read = [&](Reader& r) { return r.ReadBitString(octets, unused); };
  // X.690 8.6.4.2's example, 18 bits.
  EXPECT_TRUE(Reads("0304066e5dc0", read));
  EXPECT_EQ(unused, 6);
  EXPECT_TRUE(Reads("030100", read));
  for (const char* hex : {"0300", "030101", "03020801", "03020101"}) {
    EXPECT_FALSE(Reads(hex, read)) << hex;
  }
  const auto whole = [&](Reader& r) { return r.ReadBitString(octets); };
  EXPECT_TRUE(Reads("0303006e5d", whole));
  EXPECT_FALSE(Reads("0304066e5dc0", whole));
  uint32_t mask = 0;
  const auto named = [&](Reader& r) { return r.ReadNamedBits(mask); };
  EXPECT_TRUE(Reads("03020106", named));
  EXPECT_EQ(mask, 0x60u);
  EXPECT_FALSE(Reads("03020006", named)) << "a trailing zero bit";
  EXPECT_FALSE(Reads("030600ffffffffff", named)) << "too many";
}

TEST(ReaderTest, OidsAreWellFormed) {
  Bytes oid;
  const auto read = [&](Reader& r) { return r.ReadOid(oid); };
  EXPECT_TRUE(Reads("0603551d11", read));
  for (const char* hex : {"0600", "060180", "06025580", "0603558001"}) {
    EXPECT_FALSE(Reads(hex, read)) << hex;
  }
  EXPECT_TRUE(Reads("0500", [](Reader& r) { return r.ReadNull(); }));
  EXPECT_FALSE(Reads("050100", [](Reader& r) { return r.ReadNull(); }));
}

TEST(ReaderTest, TimesHaveSecondsAndEndInZ) {
  const auto when = [](Tag tag, absl::string_view text) {
    const std::string der = Text(tag, text);
    Reader reader(base::AsBytes(der));
    absl::Time time = absl::InfinitePast();
    if (!reader.ReadTime(time)) {
      EXPECT_FALSE(reader.AtEnd());
      return std::string("refused");
    }
    return absl::FormatTime("%Y-%m-%dT%H:%M:%S", time, absl::UTCTimeZone());
  };
  EXPECT_EQ(when(Tag::kUtcTime, "491231235959Z"), "2049-12-31T23:59:59");
  EXPECT_EQ(when(Tag::kUtcTime, "500101000000Z"), "1950-01-01T00:00:00");
  EXPECT_EQ(when(Tag::kGeneralizedTime, "20500101000000Z"),
            "2050-01-01T00:00:00");
  EXPECT_EQ(when(Tag::kGeneralizedTime, "99991231235959Z"),
            "9999-12-31T23:59:59");
  EXPECT_EQ(when(Tag::kUtcTime, "240229000000Z"), "2024-02-29T00:00:00");
  for (const char* text :
       {"2601010000Z", "260101000000", "260101000000+0000", "260101000000z",
        "261301000000Z", "260001000000Z", "260230000000Z", "250229000000Z",
        "260101240000Z", "260101006000Z", "260101000060Z", "26010100000 Z",
        "2601010000-1Z", "20260101000000Z"}) {
    EXPECT_EQ(when(Tag::kUtcTime, text), "refused") << text;
  }
  for (const char* text :
       {"202601010000Z", "20260101000000", "20260101000000.5Z",
        "20260101000000+0000", "260101000000Z", "20260431000000Z"}) {
    EXPECT_EQ(when(Tag::kGeneralizedTime, text), "refused") << text;
  }
  EXPECT_EQ(when(Tag::kOctetString, "20500101000000Z"), "refused");
}

}  // namespace
}  // namespace chancery::der
