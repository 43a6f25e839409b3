#include "base/encoding.h"

#include <array>

namespace chancery::base {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kAlphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What each octet stands for, or -1.
using Values = std::array<int8_t, 256>;

constexpr Values MakeHexValues() {
  Values values{};
  for (int8_t& v : values) v = -1;
  for (int i = 0; i < 16; ++i) {
    values[static_cast<uint8_t>(kHexDigits[i])] = static_cast<int8_t>(i);
    if (i < 10) continue;
    values[static_cast<uint8_t>('A' + i - 10)] = static_cast<int8_t>(i);
  }
  return values;
}

constexpr Values kHexValues = MakeHexValues();

int HexValue(char c) { return kHexValues[static_cast<uint8_t>(c)]; }

constexpr Values MakeValues() {
  Values values{};
  for (int8_t& v : values) v = -1;
  for (int i = 0; i < 64; ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}

}  // namespace

std::string Hex(Bytes bytes) {
  std::string out(bytes.size() * 2, '\0');
  char* at = out.data();
  for (uint8_t b : bytes) {
    *at++ = kHexDigits[b >> 4];
    *at++ = kHexDigits[b & 15];
  }
  return out;
}

std::optional<std::string> FromHex(absl::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  int all = 0;  // Negative as soon as one digit was.
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = HexValue(text[2 * i]);
    const int low = HexValue(text[2 * i + 1]);
    all |= high | low;
    out[i] = static_cast<char>(high * 16 + low);
  }
  if (all < 0) return std::nullopt;
  return out;
}

std::string Base64(Bytes bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t group = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) |
                           (left > 2 ? bytes[i + 2] : 0);
    out.push_back(kAlphabet[group >> 18]);
    out.push_back(kAlphabet[group >> 12 & 63]);
    out.push_back(left > 1 ? kAlphabet[group >> 6 & 63] : '=');
    out.push_back(left > 2 ? kAlphabet[group & 63] : '=');
  }
  return out;
}

bool FromBase64InPlace(std::string& text) {
  static constexpr std::array<int8_t, 256> kValues = MakeValues();
  size_t size = text.size();
  size_t padding = 0;
  while (padding < 2 && size != 0 && text[size - 1] == '=') {
    --size;
    ++padding;
  }
  if (size % 4 == 1) return false;
  if (padding != 0 && (size + padding) % 4 != 0) return false;
  const auto value = [&](size_t at) -> int {
    return kValues[static_cast<uint8_t>(text[at])];
  };
  // What is written never reaches what is still to be read.
  char* next = text.data();
  size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    const int a = value(at), b = value(at + 1), c = value(at + 2),
              d = value(at + 3);
    if ((a | b | c | d) < 0) return false;
    *next++ = static_cast<char>(a << 2 | b >> 4);
    *next++ = static_cast<char>(b << 4 | c >> 2);
    *next++ = static_cast<char>(c << 6 | d);
  }
  if (at != size) {
    const int a = value(at), b = value(at + 1);
    const int c = at + 2 < size ? value(at + 2) : 0;
    if ((a | b | c) < 0) return false;
    *next++ = static_cast<char>(a << 2 | b >> 4);
    if (at + 2 < size) *next++ = static_cast<char>(b << 4 | c >> 2);
    const int unused = at + 2 < size ? c & 3 : b & 15;
    if (unused != 0) return false;
  }
  text.resize(static_cast<size_t>(next - text.data()));
  return true;
}

std::optional<std::string> FromBase64(absl::string_view text) {
  std::string out(text.data(), text.size());
  if (!FromBase64InPlace(out)) return std::nullopt;
  return out;
}

}  // namespace chancery::base
