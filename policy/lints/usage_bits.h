// The bits of a keyUsage extension (RFC 5280 section 4.2.1.3): bit n is 1 << n.
#ifndef CHANCERY_POLICY_LINTS_USAGE_BITS_H_
#define CHANCERY_POLICY_LINTS_USAGE_BITS_H_

#include <cstdint>
#include <string>

namespace chancery::policy::lints::usage {

inline constexpr uint32_t kDigitalSignature = 1 << 0;
inline constexpr uint32_t kNonRepudiation = 1 << 1;
inline constexpr uint32_t kKeyEncipherment = 1 << 2;
inline constexpr uint32_t kDataEncipherment = 1 << 3;
inline constexpr uint32_t kKeyAgreement = 1 << 4;
inline constexpr uint32_t kKeyCertSign = 1 << 5;
inline constexpr uint32_t kCrlSign = 1 << 6;
inline constexpr uint32_t kEncipherOnly = 1 << 7;
inline constexpr uint32_t kDecipherOnly = 1 << 8;
inline constexpr uint32_t kOnlyBits = kEncipherOnly | kDecipherOnly;

// "digitalSignature, keyAgreement"; "nothing".
std::string Text(uint32_t bits);

}  // namespace chancery::policy::lints::usage

#endif  // CHANCERY_POLICY_LINTS_USAGE_BITS_H_
