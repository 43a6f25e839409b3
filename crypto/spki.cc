#include "crypto/spki.h"

#include <cstdint>

namespace chancery::crypto {
namespace {

// Keys have less than 64 KiB.
void AppendElement(uint8_t tag, base::Bytes contents, std::string& out) {
  const size_t size = contents.size();
  out.push_back(static_cast<char>(tag));
  if (size >= 0x100) {
    out.push_back(static_cast<char>(0x82));
    out.push_back(static_cast<char>(size >> 8));
  } else if (size >= 0x80) {
    out.push_back(static_cast<char>(0x81));
  }
  out.push_back(static_cast<char>(size));
  base::Append(out, contents);
}

void AppendInteger(base::Bytes magnitude, std::string& out) {
  while (!magnitude.empty() && magnitude[0] == 0) {
    magnitude = magnitude.subspan(1);
  }
  std::string contents;
  if (magnitude.empty() || (magnitude[0] & 0x80) != 0) contents.push_back(0);
  base::Append(contents, magnitude);
  AppendElement(0x02, base::AsBytes(contents), out);
}

}  // namespace

std::string SpkiFromKeyBits(KeyType type, base::Bytes key_bits) {
  std::string bit_string(1, '\0');  // No unused bits.
  base::Append(bit_string, key_bits);
  std::string fields = base::ToString(KeyAlgorithmIdentifier(type));
  AppendElement(0x03, base::AsBytes(bit_string), fields);
  std::string spki;
  AppendElement(0x30, base::AsBytes(fields), spki);
  return spki;
}

std::string SpkiFromRsa(base::Bytes modulus, base::Bytes exponent) {
  std::string fields;
  AppendInteger(modulus, fields);
  AppendInteger(exponent, fields);
  std::string key;
  AppendElement(0x30, base::AsBytes(fields), key);
  return SpkiFromKeyBits(KeyType::kRsa, base::AsBytes(key));
}

}  // namespace chancery::crypto
