#include "crypto/signature_algorithm.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"

namespace chancery::crypto {
namespace {

// RFC 5758 section 3.2: parameters absent.
constexpr uint8_t kEcdsaSha256Der[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
constexpr uint8_t kEcdsaSha384Der[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
// RFC 4055 section 5: parameters MUST be NULL.
constexpr uint8_t kRsaSha256Der[] = {0x30, 0x0d, 0x06, 0x09, 0x2a,
                                     0x86, 0x48, 0x86, 0xf7, 0x0d,
                                     0x01, 0x01, 0x0b, 0x05, 0x00};
constexpr uint8_t kRsaSha384Der[] = {0x30, 0x0d, 0x06, 0x09, 0x2a,
                                     0x86, 0x48, 0x86, 0xf7, 0x0d,
                                     0x01, 0x01, 0x0c, 0x05, 0x00};
constexpr uint8_t kRsaSha512Der[] = {0x30, 0x0d, 0x06, 0x09, 0x2a,
                                     0x86, 0x48, 0x86, 0xf7, 0x0d,
                                     0x01, 0x01, 0x0d, 0x05, 0x00};
// RFC 8410 section 3: parameters MUST be absent.
constexpr uint8_t kEd25519Der[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

struct Row {
  SignatureAlgorithm algorithm;
  base::Bytes der;
  absl::string_view name;
};

// In the order of the enum.
constexpr std::array<Row, 6> kRows = {{
    {SignatureAlgorithm::kEcdsaSha256, kEcdsaSha256Der, "ecdsa-with-SHA256"},
    {SignatureAlgorithm::kEcdsaSha384, kEcdsaSha384Der, "ecdsa-with-SHA384"},
    {SignatureAlgorithm::kRsaSha256, kRsaSha256Der, "sha256WithRSAEncryption"},
    {SignatureAlgorithm::kRsaSha384, kRsaSha384Der, "sha384WithRSAEncryption"},
    {SignatureAlgorithm::kRsaSha512, kRsaSha512Der, "sha512WithRSAEncryption"},
    {SignatureAlgorithm::kEd25519, kEd25519Der, "Ed25519"},
}};

const Row& RowOf(SignatureAlgorithm algorithm) {
  return kRows[static_cast<size_t>(algorithm)];
}

// RFC 4055 section 5: "Implementations MUST accept the parameters being absent
// as well as present."
bool IsWithoutNull(const Row& row, base::Bytes identifier) {
  constexpr size_t kHeader = 2, kNull = 2;
  const base::Bytes rsa = row.der;
  if (rsa.size() != sizeof kRsaSha256Der) return false;
  const base::Bytes oid = rsa.subspan(kHeader, rsa.size() - kHeader - kNull);
  return identifier.size() == kHeader + oid.size() && identifier[0] == rsa[0] &&
         identifier[1] == oid.size() &&
         base::Equal(identifier.subspan(kHeader), oid);
}

}  // namespace

base::Bytes AlgorithmIdentifier(SignatureAlgorithm algorithm) {
  return RowOf(algorithm).der;
}

absl::StatusOr<SignatureAlgorithm> ParseSignatureAlgorithm(
    base::Bytes algorithm_identifier) {
  for (const Row& row : kRows) {
    if (base::Equal(row.der, algorithm_identifier) ||
        IsWithoutNull(row, algorithm_identifier)) {
      return row.algorithm;
    }
  }
  // Enough to recognise it by, whatever was sent.
  const size_t shown = std::min<size_t>(algorithm_identifier.size(), 32);
  return absl::UnimplementedError(absl::StrCat(
      "signature algorithm ", base::Hex(algorithm_identifier.first(shown)),
      " (DER) is not supported"));
}

absl::string_view Name(SignatureAlgorithm algorithm) {
  return RowOf(algorithm).name;
}

}  // namespace chancery::crypto
