#include "der/writer.h"

#include <algorithm>
#include <array>

#include "absl/time/civil_time.h"

namespace chancery::der {
namespace {

// Length octets (X.690 8.1.3), the fewest (10.1): `octets[0..count)`.
struct Length {
  std::array<char, 9> octets;
  size_t count = 1;
};

Length EncodeLength(size_t length) {
  Length out;
  if (length < 0x80) {
    out.octets[0] = static_cast<char>(length);
    return out;
  }
  size_t octets = 1;
  while (octets < sizeof(length) && length >> (8 * octets) != 0) ++octets;
  out.octets[0] = static_cast<char>(0x80 | octets);
  for (size_t i = 0; i < octets; ++i) {
    out.octets[1 + i] = static_cast<char>(length >> (8 * (octets - 1 - i)));
  }
  out.count = 1 + octets;
  return out;
}

absl::CivilSecond ToCivil(absl::Time time) {
  const absl::CivilSecond civil =
      absl::ToCivilSecond(time, absl::UTCTimeZone());
  return std::clamp(civil, absl::CivilSecond(0, 1, 1, 0, 0, 0),
                    absl::CivilSecond(9999, 12, 31, 23, 59, 59));
}

// YYYYMMDDHHMMSSZ; a UTCTime is the same without the century.
using TimeText = std::array<char, 15>;

TimeText ToText(const absl::CivilSecond& t) {
  TimeText text;
  size_t at = 0;
  const auto add = [&](int two_digits) {
    text[at++] = static_cast<char>('0' + two_digits / 10);
    text[at++] = static_cast<char>('0' + two_digits % 10);
  };
  const int year = static_cast<int>(t.year());  // 0 to 9999.
  for (const int part : {year / 100, year % 100, t.month(), t.day(), t.hour(),
                         t.minute(), t.second()}) {
    add(part);
  }
  text[at] = 'Z';
  return text;
}

}  // namespace

size_t Writer::Open(Tag tag) {
  out_.push_back(static_cast<char>(tag));
  return out_.size();
}

void Writer::Close(size_t start) {
  const Length length = EncodeLength(out_.size() - start);
  out_.insert(start, length.octets.data(), length.count);
}

void Writer::AddLength(size_t length) {
  const Length encoded = EncodeLength(length);
  out_.append(encoded.octets.data(), encoded.count);
}

void Writer::Add(Tag tag, base::Bytes contents) {
  out_.push_back(static_cast<char>(tag));
  AddLength(contents.size());
  base::Append(out_, contents);
}

void Writer::Add(Tag tag, absl::string_view contents) {
  Add(tag, base::AsBytes(contents));
}

void Writer::AddElement(base::Bytes element) { base::Append(out_, element); }

void Writer::AddElement(absl::string_view element) {
  AddElement(base::AsBytes(element));
}

void Writer::AddSetOf(std::vector<std::string> elements) {
  // Compared as unsigned octets. The shorter of two counts as padded with
  // zeros, but no whole element is the beginning of another.
  std::sort(elements.begin(), elements.end());
  AddNested(Tag::kSet, [&](Writer& set) {
    for (const std::string& element : elements) {
      set.AddElement(base::AsBytes(element));
    }
  });
}

void Writer::AddBool(bool value) {
  Add(Tag::kBoolean,
      value ? absl::string_view("\xff", 1) : absl::string_view("\x00", 1));
}

void Writer::AddInteger(int64_t value) {
  std::array<uint8_t, sizeof(value)> octets;
  for (size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<uint8_t>(static_cast<uint64_t>(value) >>
                                     (8 * (octets.size() - 1 - i)));
  }
  // X.690 8.3.2: leave out what only repeats the sign.
  size_t skip = 0;
  while (skip + 1 < octets.size() &&
         octets[skip] == (octets[skip + 1] >= 0x80 ? 0xff : 0x00)) {
    ++skip;
  }
  Add(Tag::kInteger, base::Bytes(octets).subspan(skip));
}

void Writer::AddUnsigned(base::Bytes magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) {
    magnitude = magnitude.subspan(1);
  }
  const bool zero_first = magnitude.empty() || magnitude[0] >= 0x80;
  out_.push_back(static_cast<char>(Tag::kInteger));
  AddLength(magnitude.size() + (zero_first ? 1 : 0));
  if (zero_first) out_.push_back('\0');
  base::Append(out_, magnitude);
}

void Writer::AddEnumerated(uint8_t value) {
  Add(Tag::kEnumerated, base::Bytes(&value, 1));
}

void Writer::AddNull() { Add(Tag::kNull, base::Bytes()); }

void Writer::AddOid(absl::string_view contents) { Add(Tag::kOid, contents); }

void Writer::AddOctetString(base::Bytes octets) {
  Add(Tag::kOctetString, octets);
}

void Writer::AddBitString(base::Bytes octets) {
  out_.push_back(static_cast<char>(Tag::kBitString));
  AddLength(octets.size() + 1);
  out_.push_back('\0');  // No unused bits.
  base::Append(out_, octets);
}

void Writer::AddNamedBits(uint32_t mask) {
  std::array<uint8_t, 1 + sizeof(mask)> contents{};
  size_t bits = 0;
  for (size_t bit = 0; bit < 32; ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    contents[1 + bit / 8] |= 0x80 >> bit % 8;
    bits = bit + 1;
  }
  const size_t octets = (bits + 7) / 8;
  contents[0] = static_cast<uint8_t>(8 * octets - bits);
  Add(Tag::kBitString, base::Bytes(contents).first(1 + octets));
}

void Writer::AddUtf8String(absl::string_view text) {
  Add(Tag::kUtf8String, text);
}

void Writer::AddPrintableString(absl::string_view text) {
  Add(Tag::kPrintableString, text);
}

void Writer::AddIa5String(absl::string_view text) {
  Add(Tag::kIa5String, text);
}

void Writer::AddTime(absl::Time time) {
  const absl::CivilSecond civil = ToCivil(time);
  if (civil.year() < 1950 || civil.year() > 2049) {
    AddGeneralizedTime(time);
    return;
  }
  const TimeText text = ToText(civil);
  Add(Tag::kUtcTime, absl::string_view(text.data() + 2, text.size() - 2));
}

void Writer::AddGeneralizedTime(absl::Time time) {
  const TimeText text = ToText(ToCivil(time));
  Add(Tag::kGeneralizedTime, absl::string_view(text.data(), text.size()));
}

}  // namespace chancery::der
