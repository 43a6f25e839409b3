// Tables of multiples are in none of OpenSSL 3.0's other functions.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/p256_table.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include <utility>

#include "crypto/p256_arithmetic.h"
#include "crypto/public_key_state.h"

namespace chancery::crypto {

struct P256Table::State {
  EcGroupPtr curve = NewP256Group();
  // The same with the public key Q in place of the base point G. OpenSSL has a
  // table of multiples of whatever is there.
  EcGroupPtr of_key = NewP256Group();
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
  const EcPointPtr q(EC_POINT_new(state->of_key.get()));
  if (!q ||
      EC_POINT_oct2point(state->of_key.get(), q.get(), point.data(),
                         point.size(), context.get()) != 1 ||
      EC_GROUP_set_generator(state->of_key.get(), q.get(),
                             EC_GROUP_get0_order(state->curve.get()),
                             BN_value_one()) != 1 ||
      EC_GROUP_precompute_mult(state->of_key.get(), context.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return std::unique_ptr<const P256Table>(new P256Table(std::move(state)));
}

std::vector<bool> P256Table::Verify(std::span<const P256Signed> all) const {
  const EC_GROUP* const curve = state_->curve.get();
  const EcPointPtr v_q(EC_POINT_new(curve));
  if (!v_q) return std::vector<bool>(all.size());
  return VerifyP256(curve, all, [&](const P256Combination& of) {
    return EC_POINT_mul(curve, of.out, of.u, nullptr, nullptr, of.context) ==
               1 &&
           EC_POINT_mul(state_->of_key.get(), v_q.get(), of.v, nullptr, nullptr,
                        of.context) == 1 &&
           EC_POINT_add(curve, of.out, of.out, v_q.get(), of.context) == 1;
  });
}

}  // namespace chancery::crypto
