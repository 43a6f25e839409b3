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

bool Read(base::Bytes octets, BIGNUM* out) {
  return BN_bin2bn(octets.data(), static_cast<int>(octets.size()), out) !=
         nullptr;
}

}  // namespace

struct P256Table::State {
  GroupPtr curve = NewGroup();
  // The same with the public key Q in place of the base point G. OpenSSL has a
  // table of multiples of whatever is there.
  GroupPtr of_key = NewGroup();
  const BIGNUM* order = nullptr;  // n, in `curve`.
};

P256Table::P256Table(std::unique_ptr<const State> state)
    : state_(std::move(state)) {}
P256Table::~P256Table() = default;

std::unique_ptr<const P256Table> P256Table::Make(const PublicKey& key) {
  if (key.type() != KeyType::kEcP256) return nullptr;
  const base::Bytes point = key.state().key_bits;
  auto state = std::make_unique<State>();
  const BnContextPtr context(BN_CTX_new());
  if (!context || !state->curve || !state->of_key) return nullptr;
  state->order = EC_GROUP_get0_order(state->curve.get());
  const PointPtr q(EC_POINT_new(state->of_key.get()));
  if (!q ||
      EC_POINT_oct2point(state->of_key.get(), q.get(), point.data(),
                         point.size(), context.get()) != 1 ||
      EC_GROUP_set_generator(state->of_key.get(), q.get(), state->order,
                             BN_value_one()) != 1 ||
      EC_GROUP_precompute_mult(state->of_key.get(), context.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return std::unique_ptr<const P256Table>(new P256Table(std::move(state)));
}

bool P256Table::Verifies(const Sha256Digest& digest,
                         base::Bytes signature) const {
  const auto raw = EcdsaSignatureFromDer(signature, kP256ScalarSize);
  if (!raw.ok()) return false;
  const base::Bytes both = base::AsBytes(*raw);
  const EC_GROUP* const curve = state_->curve.get();
  const BIGNUM* const n = state_->order;
  const BnContextPtr owned(BN_CTX_new());
  BN_CTX* const context = owned.get();
  const PointPtr u1_g(EC_POINT_new(curve)), u2_q(EC_POINT_new(curve));
  if (context == nullptr || !u1_g || !u2_q) return false;
  const Frame frame(context);
  BIGNUM* const r = BN_CTX_get(context);
  BIGNUM* const s = BN_CTX_get(context);
  BIGNUM* const e = BN_CTX_get(context);
  BIGNUM* const u1 = BN_CTX_get(context);
  BIGNUM* const u2 = BN_CTX_get(context);
  BIGNUM* const x = BN_CTX_get(context);
  if (x == nullptr || !Read(both.first(kP256ScalarSize), r) ||
      !Read(both.subspan(kP256ScalarSize), s) || !Read(digest, e)) {
    return false;
  }
  // "1. ... if r and s are not integers in the interval [1, n - 1], output
  // REJECT"
  if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, n) >= 0 ||
      BN_cmp(s, n) >= 0) {
    return false;
  }
  // "5. ... s^-1 mod n. 6. u = e s^-1 mod n and v = r s^-1 mod n." The digest
  // has as many bits as n, and all numbers here are public.
  BIGNUM* const w = s;
  const bool right =
      BN_mod_inverse(w, s, n, context) != nullptr &&
      BN_mod_mul(u1, e, w, n, context) == 1 &&
      BN_mod_mul(u2, r, w, n, context) == 1 &&
      // "7. R1 = [u]G + [v]Q. If R1 is the identity, output REJECT"
      EC_POINT_mul(curve, u1_g.get(), u1, nullptr, nullptr, context) == 1 &&
      EC_POINT_mul(state_->of_key.get(), u2_q.get(), u2, nullptr, nullptr,
                   context) == 1 &&
      EC_POINT_add(curve, u1_g.get(), u1_g.get(), u2_q.get(), context) == 1 &&
      EC_POINT_is_at_infinity(curve, u1_g.get()) == 0 &&
      // "8. and 9. Convert x of R1 to an integer ... 10. verify r = x mod n"
      EC_POINT_get_affine_coordinates(curve, u1_g.get(), x, nullptr, context) ==
          1 &&
      BN_nnmod(x, x, n, context) == 1 && BN_cmp(x, r) == 0;
  if (!right) ERR_clear_error();
  return right;
}

}  // namespace chancery::crypto
