#include "crypto/key_type.h"

#include <cstddef>
#include <cstdint>

namespace chancery::crypto {
namespace {

// RFC 5480 section 2.1.1 (namedCurve), RFC 3279 section 2.3.1 (parameters MUST
// be NULL), RFC 8410 section 3.
constexpr uint8_t kP256Der[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr uint8_t kP384Der[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr uint8_t kP521Der[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
constexpr uint8_t kRsaDer[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                               0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr uint8_t kEd25519Der[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

struct Row {
  absl::string_view name;
  base::Bytes algorithm;
};

// In the order of the enum.
constexpr Row kRows[] = {
    {"EC P-256", kP256Der}, {"EC P-384", kP384Der},   {"EC P-521", kP521Der},
    {"RSA", kRsaDer},       {"Ed25519", kEd25519Der},
};

}  // namespace

absl::string_view Name(KeyType type) {
  return kRows[static_cast<size_t>(type)].name;
}

base::Bytes KeyAlgorithmIdentifier(KeyType type) {
  return kRows[static_cast<size_t>(type)].algorithm;
}

}  // namespace chancery::crypto
