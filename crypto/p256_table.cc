// Tables of multiples are in none of OpenSSL 3.0's other functions.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/p256_table.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <string>
#include <utility>

#include "crypto/ecdsa_signature.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key_state.h"

namespace chancery::crypto {
namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, OpenSslFree<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpenSslFree<EC_POINT_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;

GroupPtr NewGroup() {
  return GroupPtr(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
}

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

std::vector<Numbers> ReadAll(std::span<const P256Table::Signed> all,
                             const BIGNUM* n) {
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

}  // namespace

struct P256Table::State {
  GroupPtr curve = NewGroup();
  // The same with the public key Q in place of the base point G. OpenSSL has a
  // table of multiples of whatever is there.
  GroupPtr of_key = NewGroup();
  const BIGNUM* n = nullptr;  // The order, in `curve`.
  BignumPtr p = BignumPtr(BN_new());

  bool IsXOf(const EC_POINT* point, const BIGNUM* r, BN_CTX* context) const;
  bool Verifies(const Sha256Digest& digest, const BIGNUM* r, const BIGNUM* w,
                BN_CTX* context) const;
};

P256Table::P256Table(std::unique_ptr<const State> state)
    : state_(std::move(state)) {}
P256Table::~P256Table() = default;

std::unique_ptr<const P256Table> P256Table::Make(const PublicKey& key) {
  if (key.type() != KeyType::kEcP256) return nullptr;
  const base::Bytes point = key.state().key_bits;
  auto state = std::make_unique<State>();
  const BnContextPtr context(BN_CTX_new());
  if (!context || !state->curve || !state->of_key || !state->p) return nullptr;
  state->n = EC_GROUP_get0_order(state->curve.get());
  const PointPtr q(EC_POINT_new(state->of_key.get()));
  if (!q ||
      EC_GROUP_get_curve(state->curve.get(), state->p.get(), nullptr, nullptr,
                         context.get()) != 1 ||
      EC_POINT_oct2point(state->of_key.get(), q.get(), point.data(),
                         point.size(), context.get()) != 1 ||
      EC_GROUP_set_generator(state->of_key.get(), q.get(), state->n,
                             BN_value_one()) != 1 ||
      EC_GROUP_precompute_mult(state->of_key.get(), context.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return std::unique_ptr<const P256Table>(new P256Table(std::move(state)));
}

// Whether r = x mod n for the x of `point`, which OpenSSL has as X / Z^2: so
// whether r Z^2 = X or, as x may be n or more, (r + n) Z^2 = X, mod p. To work
// x out would take another inversion.
bool P256Table::State::IsXOf(const EC_POINT* point, const BIGNUM* r,
                             BN_CTX* context) const {
  const Frame frame(context);
  BIGNUM* const x = BN_CTX_get(context);
  BIGNUM* const zz = BN_CTX_get(context);
  BIGNUM* const expected = BN_CTX_get(context);
  if (expected == nullptr ||
      EC_POINT_get_Jprojective_coordinates_GFp(curve.get(), point, x, nullptr,
                                               zz, context) != 1 ||
      BN_is_zero(zz) ||  // "If R1 is the identity, output REJECT"
      BN_mod_sqr(zz, zz, p.get(), context) != 1 ||
      BN_mod_mul(expected, r, zz, p.get(), context) != 1) {
    return false;
  }
  if (BN_cmp(expected, x) == 0) return true;
  return BN_add(expected, r, n) == 1 && BN_cmp(expected, p.get()) < 0 &&
         BN_mod_mul(expected, expected, zz, p.get(), context) == 1 &&
         BN_cmp(expected, x) == 0;
}

// With w = s^-1 mod n.
bool P256Table::State::Verifies(const Sha256Digest& digest, const BIGNUM* r,
                                const BIGNUM* w, BN_CTX* context) const {
  const PointPtr u_g(EC_POINT_new(curve.get())), v_q(EC_POINT_new(curve.get()));
  const Frame frame(context);
  BIGNUM* const u = BN_CTX_get(context);
  BIGNUM* const v = BN_CTX_get(context);
  // The digest has as many bits as n, and all numbers here are public.
  // "6. u = e s^-1 mod n and v = r s^-1 mod n. 7. R1 = [u]G + [v]Q"
  return v != nullptr && u_g && v_q &&
         BN_bin2bn(digest.data(), static_cast<int>(digest.size()), u) !=
             nullptr &&
         BN_mod_mul(u, u, w, n, context) == 1 &&
         BN_mod_mul(v, r, w, n, context) == 1 &&
         EC_POINT_mul(curve.get(), u_g.get(), u, nullptr, nullptr, context) ==
             1 &&
         EC_POINT_mul(of_key.get(), v_q.get(), v, nullptr, nullptr, context) ==
             1 &&
         EC_POINT_add(curve.get(), u_g.get(), u_g.get(), v_q.get(), context) ==
             1 &&
         // "8. to 10. ... verify that r = x mod n"
         IsXOf(u_g.get(), r, context);
}

// Montgomery's way to many inverses with one inversion: 1 / (s1 s2 s3) times s1
// s2 is 1 / s3, times s3 it is 1 / (s1 s2), and so on.
std::vector<bool> P256Table::Verify(std::span<const Signed> all) const {
  std::vector<bool> verified(all.size());
  const BIGNUM* const n = state_->n;
  const std::vector<Numbers> numbers = ReadAll(all, n);
  const BnContextPtr owned(BN_CTX_new());
  BN_CTX* const context = owned.get();
  if (context == nullptr || numbers.empty()) return verified;
  const Frame frame(context);
  BIGNUM* const product = BN_CTX_get(context);
  BIGNUM* const w = BN_CTX_get(context);
  if (w == nullptr || BN_one(product) != 1) return verified;
  for (const Numbers& one : numbers) {
    if (BN_copy(one.before.get(), product) == nullptr ||
        BN_mod_mul(product, product, one.s.get(), n, context) != 1) {
      return verified;
    }
  }
  // n is a prime and no factor is zero, so there is one.
  if (BN_mod_inverse(product, product, n, context) == nullptr) return verified;
  for (size_t i = numbers.size(); i-- > 0;) {
    const Numbers& one = numbers[i];
    if (BN_mod_mul(w, product, one.before.get(), n, context) != 1 ||
        BN_mod_mul(product, product, one.s.get(), n, context) != 1) {
      break;
    }
    verified[one.at] =
        state_->Verifies(all[one.at].digest, one.r.get(), w, context);
  }
  ERR_clear_error();
  return verified;
}

}  // namespace chancery::crypto
