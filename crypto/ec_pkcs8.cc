#include "crypto/ec_pkcs8.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "base/secret.h"
#include "crypto/key_type.h"
#include "der/reader.h"

namespace chancery::crypto {
namespace {

using der::Tag;

constexpr size_t kMaxScalar = 48;

struct Curve {
  KeyType type;
  const char* group;
  size_t scalar;  // Octets.
};
constexpr Curve kCurves[] = {{KeyType::kEcP256, "P-256", 32},
                             {KeyType::kEcP384, "P-384", 48}};

struct Parts {
  Curve curve;
  base::Bytes scalar;
  base::Bytes point;
};

std::optional<Curve> CurveOf(base::Bytes algorithm) {
  for (const Curve& curve : kCurves) {
    if (base::Equal(algorithm, KeyAlgorithmIdentifier(curve.type))) {
      return curve;
    }
  }
  return std::nullopt;
}

bool ReadVersion(der::Reader& in, int64_t expected) {
  int64_t version;
  return in.ReadInt64(version) && version == expected;
}

std::optional<Parts> Read(base::Bytes der) {
  der::Reader in(der), info;
  base::Bytes algorithm, key;
  // PrivateKeyInfo ::= SEQUENCE {
  //   version              INTEGER (0),
  //   privateKeyAlgorithm  AlgorithmIdentifier,
  //   privateKey           OCTET STRING,
  //   attributes       [0] IMPLICIT Attributes OPTIONAL }
  if (!in.ReadSequence(info) || !in.AtEnd() || !ReadVersion(info, 0) ||
      !info.ReadElement(Tag::kSequence, algorithm) ||
      !info.Read(Tag::kOctetString, key) || !info.AtEnd()) {
    return std::nullopt;
  }
  const auto curve = CurveOf(algorithm);
  if (!curve.has_value()) return std::nullopt;
  // ECPrivateKey ::= SEQUENCE {
  //   version         INTEGER (1),
  //   privateKey      OCTET STRING,
  //   parameters  [0] ECParameters OPTIONAL,
  //   publicKey   [1] BIT STRING OPTIONAL }
  Parts parts{.curve = *curve, .scalar = {}, .point = {}};
  der::Reader inner(key), fields, tagged;
  if (!inner.ReadSequence(fields) || !inner.AtEnd() ||
      !ReadVersion(fields, 1) ||
      !fields.Read(Tag::kOctetString, parts.scalar) ||
      !fields.ReadNested(der::Explicit(1), tagged) || !fields.AtEnd() ||
      !tagged.ReadBitString(parts.point) || !tagged.AtEnd()) {
    return std::nullopt;
  }
  if (parts.scalar.size() != curve->scalar ||
      parts.point.size() != 1 + 2 * curve->scalar || parts.point[0] != 0x04) {
    return std::nullopt;
  }
  return parts;
}

PKeyPtr Make(const Parts& parts) {
  // OSSL_PARAM has integers in the machine's order.
  std::array<uint8_t, kMaxScalar> scalar;
  std::copy(parts.scalar.begin(), parts.scalar.end(), scalar.begin());
  if constexpr (std::endian::native == std::endian::little) {
    std::reverse(scalar.begin(),
                 scalar.begin() + static_cast<ptrdiff_t>(parts.scalar.size()));
  }
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(parts.curve.group), 0),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar.data(),
                              parts.scalar.size()),
      OSSL_PARAM_construct_octet_string(
          OSSL_PKEY_PARAM_PUB_KEY, const_cast<uint8_t*>(parts.point.data()),
          parts.point.size()),
      OSSL_PARAM_construct_end(),
  };
  const PKeyContextPtr context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  const bool made = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR,
                                      const_cast<OSSL_PARAM*>(params)) == 1;
  base::Wipe(scalar.data(), scalar.size());
  if (!made) ERR_clear_error();
  return PKeyPtr(made ? key : nullptr);
}

}  // namespace

PKeyPtr EcKeyFromPkcs8(base::Bytes der) {
  const auto parts = Read(der);
  if (!parts.has_value()) return nullptr;
  return Make(*parts);
}

}  // namespace chancery::crypto
