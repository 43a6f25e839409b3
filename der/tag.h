// Identifier octets (ITU-T X.690 section 8.1.2).
#ifndef CHANCERY_DER_TAG_H_
#define CHANCERY_DER_TAG_H_

#include <cstdint>

namespace chancery::der {

// Class, constructed bit and number together, so that a primitive [0] and a
// constructed [0] are different tags.
enum class Tag : uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kEnumerated = 0x0a,
  kUtf8String = 0x0c,
  kPrintableString = 0x13,
  kTeletexString = 0x14,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kUniversalString = 0x1c,
  kBmpString = 0x1e,
  kSequence = 0x30,
  kSet = 0x31,
};

// The tag of `[number] EXPLICIT`, number 0-30.
constexpr Tag Explicit(uint8_t number) { return Tag{uint8_t(0xa0 | number)}; }

// The tag of `[number] IMPLICIT` in place of a primitive type, number 0-30.
constexpr Tag Implicit(uint8_t number) { return Tag{uint8_t(0x80 | number)}; }

// The tag of `[number] IMPLICIT` in place of a SEQUENCE or SET, number 0-30.
constexpr Tag ImplicitConstructed(uint8_t number) { return Explicit(number); }

}  // namespace chancery::der

#endif  // CHANCERY_DER_TAG_H_
