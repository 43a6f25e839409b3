#include "crypto/testing/repeatable_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hmac.h"
#include "crypto/openssl_handles.h"

namespace chancery::crypto::testing {
namespace {

constexpr size_t kSize = kP256ScalarSize;

BignumPtr ToNumber(base::Bytes bytes) {
  return BignumPtr(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

std::string ToOctets(const BIGNUM& number) {
  std::string octets(kSize, 0);
  if (BN_bn2binpad(&number, reinterpret_cast<uint8_t*>(octets.data()), kSize) <
      0) {
    std::abort();
  }
  return octets;
}

std::string Hmac(const std::string& key, const std::string& message) {
  return base::ToString(HmacSha256(base::AsBytes(key), base::AsBytes(message)));
}

// RFC 5915 without the public key, which OpenSSL adds:
// ECPrivateKey ::= SEQUENCE { version INTEGER 1, privateKey OCTET STRING,
//                             parameters [0] prime256v1 }
std::string Pem(base::Bytes scalar) {
  const std::string der = absl::StrCat(
      absl::string_view("\x30\x31\x02\x01\x01\x04\x20", 7),
      base::AsText(scalar), "\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
  const std::string text = base::Base64(base::AsBytes(der));
  return absl::StrCat("-----BEGIN EC PRIVATE KEY-----\n", text.substr(0, 64),
                      "\n", text.substr(64),
                      "\n-----END EC PRIVATE KEY-----\n");
}

std::shared_ptr<const SoftwareKey> ToSoftwareKey(base::Bytes scalar) {
  if (scalar.size() != kSize) std::abort();
  const std::string pem = Pem(scalar);
  auto key = ParsePrivateKeyPem(base::AsBytes(pem), nullptr);
  if (!key.ok()) std::abort();
  return *std::move(key);
}

}  // namespace

struct RepeatableKey::Curve {
  EcGroupPtr group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
};

RepeatableKey::RepeatableKey(base::Bytes scalar)
    : scalar_(base::ToString(scalar)),
      software_key_(ToSoftwareKey(scalar)),
      curve_(std::make_unique<const Curve>()) {}
RepeatableKey::~RepeatableKey() = default;

std::shared_ptr<const RepeatableKey> RepeatableKey::Named(
    absl::string_view name) {
  const Sha256Digest scalar = Sha256(base::AsBytes(name));
  return std::make_shared<const RepeatableKey>(base::Bytes(scalar));
}

absl::StatusOr<std::string> RepeatableKey::Sign(base::Bytes message) const {
  const BIGNUM* const n = curve_->order;
  const BnContextPtr context(BN_CTX_new());
  const auto reduced = [&](BignumPtr number) {
    if (BN_nnmod(number.get(), number.get(), n, context.get()) != 1) {
      std::abort();
    }
    return number;
  };
  const Sha256Digest digest = Sha256(message);
  const BignumPtr e = reduced(ToNumber(digest));
  const BignumPtr d = ToNumber(base::AsBytes(scalar_));

  // RFC 6979 section 3.2, steps b to g.
  const std::string seed = scalar_ + ToOctets(*e);
  std::string v(kSize, '\x01');
  std::string k(kSize, '\0');
  for (const char step : {'\0', '\1'}) {
    k = Hmac(k, v + step + seed);
    v = Hmac(k, v);
  }
  // Step h. Another round is needed once in 2^32 times.
  for (;; k = Hmac(k, v + '\0'), v = Hmac(k, v)) {
    v = Hmac(k, v);
    const BignumPtr nonce = ToNumber(base::AsBytes(v));
    if (BN_is_zero(nonce.get()) || BN_cmp(nonce.get(), n) >= 0) continue;
    const EcPointPtr point(EC_POINT_new(curve_->group.get()));
    BignumPtr r(BN_new());
    BignumPtr s(BN_new());
    // r = (kG).x, s = (e + r d) / k, both modulo the order.
    const BignumPtr inverse(
        BN_mod_inverse(nullptr, nonce.get(), n, context.get()));
    const bool made =
        EC_POINT_mul(curve_->group.get(), point.get(), nonce.get(), nullptr,
                     nullptr, context.get()) == 1 &&
        EC_POINT_get_affine_coordinates(curve_->group.get(), point.get(),
                                        r.get(), nullptr, context.get()) == 1 &&
        BN_nnmod(r.get(), r.get(), n, context.get()) == 1 &&
        BN_mod_mul(s.get(), r.get(), d.get(), n, context.get()) == 1 &&
        BN_mod_add(s.get(), s.get(), e.get(), n, context.get()) == 1 &&
        inverse != nullptr &&
        BN_mod_mul(s.get(), s.get(), inverse.get(), n, context.get()) == 1;
    if (!made) return absl::InternalError(TakeOpenSslErrors());
    if (BN_is_zero(r.get()) || BN_is_zero(s.get())) continue;
    const std::string raw = ToOctets(*r) + ToOctets(*s);
    return EcdsaSignatureToDer(base::AsBytes(raw));
  }
}

}  // namespace chancery::crypto::testing
