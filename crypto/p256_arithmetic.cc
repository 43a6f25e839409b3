// A point as it is, not affine, is what none of OpenSSL 3.0's other functions
// give.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/p256_arithmetic.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_signature.h"

namespace chancery::crypto {
namespace {

// Numbers of `context` from here on are free again when this goes.
class Frame {
 public:
  explicit Frame(BN_CTX* context) : context_(context) { BN_CTX_start(context); }
  ~Frame() { BN_CTX_end(context_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  BN_CTX* const context_;
};

BignumPtr Read(base::Bytes octets) {
  return BignumPtr(
      BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}

// The numbers of one signature, as FIPS 186-5 section 6.4.2 names them.
struct Numbers {
  size_t at;  // In what was asked for.
  BignumPtr r, s;
  BignumPtr before = BignumPtr(BN_new());  // The product of all s before.
};

// "1. ... if r and s are not integers in the interval [1, n - 1], output
// REJECT"
bool IsInRange(const BIGNUM* number, const BIGNUM* n) {
  return number != nullptr && !BN_is_zero(number) && BN_cmp(number, n) < 0;
}

std::vector<Numbers> ReadAll(std::span<const P256Signed> all, const BIGNUM* n) {
  std::vector<Numbers> numbers;
  numbers.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const auto raw = EcdsaSignatureFromDer(all[i].signature, kP256ScalarSize);
    if (!raw.ok()) continue;
    const base::Bytes both = base::AsBytes(*raw);
    Numbers one{.at = i,
                .r = Read(both.first(kP256ScalarSize)),
                .s = Read(both.subspan(kP256ScalarSize))};
    if (one.before && IsInRange(one.r.get(), n) && IsInRange(one.s.get(), n)) {
      numbers.push_back(std::move(one));
    }
  }
  return numbers;
}

// What all signatures have in common.
struct Curve {
  const EC_GROUP* group;
  const BIGNUM* n;  // The order.
  const BIGNUM* p;  // The field's.
  BN_CTX* context;
};

// Whether r = x mod n for the x of `point`, which OpenSSL has as X / Z^2: so
// whether r Z^2 = X or, as x may be n or more, (r + n) Z^2 = X, mod p. To work
// x out would take another inversion.
bool IsXOf(const Curve& curve, const EC_POINT* point, const BIGNUM* r) {
  const Frame frame(curve.context);
  BIGNUM* const x = BN_CTX_get(curve.context);
  BIGNUM* const zz = BN_CTX_get(curve.context);
  BIGNUM* const expected = BN_CTX_get(curve.context);
  if (expected == nullptr ||
      EC_POINT_get_Jprojective_coordinates_GFp(curve.group, point, x, nullptr,
                                               zz, curve.context) != 1 ||
      BN_is_zero(zz) ||  // "If R1 is the identity, output REJECT"
      BN_mod_sqr(zz, zz, curve.p, curve.context) != 1 ||
      BN_mod_mul(expected, r, zz, curve.p, curve.context) != 1) {
    return false;
  }
  if (BN_cmp(expected, x) == 0) return true;
  return BN_add(expected, r, curve.n) == 1 && BN_cmp(expected, curve.p) < 0 &&
         BN_mod_mul(expected, expected, zz, curve.p, curve.context) == 1 &&
         BN_cmp(expected, x) == 0;
}

// With w = s^-1 mod n.
bool Verifies(const Curve& curve, const Numbers& one,
              const Sha256Digest& digest, const BIGNUM* w, EC_POINT* point,
              absl::FunctionRef<bool(const P256Combination&)> combine) {
  const Frame frame(curve.context);
  BIGNUM* const u = BN_CTX_get(curve.context);
  BIGNUM* const v = BN_CTX_get(curve.context);
  // The digest has as many bits as n.
  // "6. u = e s^-1 mod n and v = r s^-1 mod n. 7. R1 = [u]G + [v]Q"
  return v != nullptr &&
         BN_bin2bn(digest.data(), static_cast<int>(digest.size()), u) !=
             nullptr &&
         BN_mod_mul(u, u, w, curve.n, curve.context) == 1 &&
         BN_mod_mul(v, one.r.get(), w, curve.n, curve.context) == 1 &&
         combine({.at = one.at,
                  .u = u,
                  .v = v,
                  .out = point,
                  .context = curve.context}) &&
         // "8. to 10. ... verify that r = x mod n"
         IsXOf(curve, point, one.r.get());
}

}  // namespace

EcGroupPtr NewP256Group() {
  return EcGroupPtr(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
}

// Montgomery's way to many inverses with one inversion: 1 / (s1 s2 s3) times s1
// s2 is 1 / s3, times s3 it is 1 / (s1 s2), and so on.
std::vector<bool> VerifyP256(
    const EC_GROUP* group, std::span<const P256Signed> all,
    absl::FunctionRef<bool(const P256Combination&)> combine) {
  std::vector<bool> verified(all.size());
  const BIGNUM* const n = EC_GROUP_get0_order(group);
  const std::vector<Numbers> numbers = ReadAll(all, n);
  const BnContextPtr owned(BN_CTX_new());
  const EcPointPtr point(EC_POINT_new(group));
  BN_CTX* const context = owned.get();
  if (context == nullptr || !point || numbers.empty()) return verified;
  const Frame frame(context);
  BIGNUM* const product = BN_CTX_get(context);
  BIGNUM* const w = BN_CTX_get(context);
  BIGNUM* const p = BN_CTX_get(context);
  if (p == nullptr || BN_one(product) != 1 ||
      EC_GROUP_get_curve(group, p, nullptr, nullptr, context) != 1) {
    return verified;
  }
  for (const Numbers& one : numbers) {
    if (BN_copy(one.before.get(), product) == nullptr ||
        BN_mod_mul(product, product, one.s.get(), n, context) != 1) {
      return verified;
    }
  }
  // n is a prime and no factor is zero, so there is one.
  if (BN_mod_inverse(product, product, n, context) == nullptr) return verified;
  const Curve curve{.group = group, .n = n, .p = p, .context = context};
  for (size_t i = numbers.size(); i-- > 0;) {
    const Numbers& one = numbers[i];
    if (BN_mod_mul(w, product, one.before.get(), n, context) != 1 ||
        BN_mod_mul(product, product, one.s.get(), n, context) != 1) {
      break;
    }
    verified[one.at] =
        Verifies(curve, one, all[one.at].digest, w, point.get(), combine);
  }
  ERR_clear_error();
  return verified;
}

}  // namespace chancery::crypto
