#include "crypto/rsa_weakness.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <optional>

#include "crypto/openssl_handles.h"
#include "crypto/public_key_state.h"

namespace chancery::crypto {
namespace {

BignumPtr Modulus(const PublicKey& key) {
  BIGNUM* n = nullptr;
  if (key.type() != KeyType::kRsa ||
      EVP_PKEY_get_bn_param(key.state().pkey(), OSSL_PKEY_PARAM_RSA_N, &n) !=
          1) {
    ERR_clear_error();
    return nullptr;
  }
  return BignumPtr(n);
}

// Those of the first primes whose powers of 65537 are not everything but zero:
// the others tell nothing.
constexpr std::array<uint32_t, 17> kRocaPrimes = {
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};

bool IsPowerOf65537(uint32_t residue, uint32_t prime) {
  const uint32_t generator = 65537 % prime;
  uint32_t power = 1;
  do {
    if (power == residue) return true;
    power = power * generator % prime;
  } while (power != 1);
  return false;
}

// Integer square roots by Newton's method; each false is OpenSSL out of memory.
class Roots {
 public:
  Roots() : context_(BN_CTX_new()), next_(BN_new()) {}

  // The largest number whose square is at most `n`, which is positive.
  [[nodiscard]] bool Floor(const BIGNUM* n, BIGNUM* root) {
    if (!context_ || !next_) return false;
    // From above, so that it falls until it is there.
    BN_zero(root);
    if (BN_set_bit(root, (BN_num_bits(n) + 1) / 2) != 1) return false;
    while (true) {
      if (BN_div(next_.get(), nullptr, n, root, context_.get()) != 1 ||
          BN_add(next_.get(), next_.get(), root) != 1 ||
          BN_rshift1(next_.get(), next_.get()) != 1) {
        return false;
      }
      if (BN_cmp(next_.get(), root) >= 0) return true;
      BN_swap(next_.get(), root);
    }
  }

  BN_CTX* context() { return context_.get(); }

 private:
  const BnContextPtr context_;
  const BignumPtr next_;
};

// Most numbers are no square modulo one of these, which is seen at once.
bool MayBeSquare(const BIGNUM* n) {
  for (const uint32_t modulus : {64u, 63u, 65u, 11u, 17u, 19u, 23u, 29u}) {
    const auto residue = static_cast<uint32_t>(BN_mod_word(n, modulus));
    bool found = false;
    for (uint32_t i = 0; i <= modulus / 2 && !found; ++i) {
      found = i * i % modulus == residue;
    }
    if (!found) return false;
  }
  return true;
}

// Fermat: n = a^2 - b^2 = (a - b)(a + b), with a from the root of n upwards.
// nullopt: out of memory.
std::optional<bool> FermatFactors(const BIGNUM* n, int rounds) {
  Roots roots;
  const BignumPtr a(BN_new()), rest(BN_new()), step(BN_new()), b(BN_new());
  if (!a || !rest || !step || !b || !roots.Floor(n, a.get())) {
    return std::nullopt;
  }
  // rest = a^2 - n, from the first a where it is not negative.
  if (BN_sqr(rest.get(), a.get(), roots.context()) != 1 ||
      BN_sub(rest.get(), rest.get(), n) != 1) {
    return std::nullopt;
  }
  // (a + 1)^2 - n = rest + 2a + 1.
  const auto next = [&] {
    return BN_lshift1(step.get(), a.get()) == 1 &&
           BN_add_word(step.get(), 1) == 1 &&
           BN_add(rest.get(), rest.get(), step.get()) == 1 &&
           BN_add_word(a.get(), 1) == 1;
  };
  if (BN_is_negative(rest.get()) && !next()) return std::nullopt;
  for (int round = 0; round < rounds; ++round) {
    if (BN_is_zero(rest.get())) return true;
    if (MayBeSquare(rest.get())) {
      if (!roots.Floor(rest.get(), b.get()) ||
          BN_sqr(b.get(), b.get(), roots.context()) != 1) {
        return std::nullopt;
      }
      if (BN_cmp(b.get(), rest.get()) == 0) return true;
    }
    if (!next()) return std::nullopt;
  }
  return false;
}

// nullopt: out of memory, or not an odd number above 2.
std::optional<bool> IsPrime(const BIGNUM* n) {
  const BnContextPtr context(BN_CTX_new());
  const BignumPtr exponent(BN_dup(n)), power(BN_new());
  if (!context || !exponent || !power || !BN_is_odd(n) || BN_is_one(n) ||
      BN_sub_word(exponent.get(), 1) != 1 ||
      BN_mod_exp_mont_word(power.get(), 2, exponent.get(), n, context.get(),
                           nullptr) != 1) {
    return std::nullopt;
  }
  // Fermat: 2^(n-1) is 1 modulo every odd prime. Hardly any other number has
  // that; which it is, random bases tell.
  if (!BN_is_one(power.get())) return false;
  const int prime = BN_check_prime(n, context.get(), nullptr);
  return prime < 0 ? std::nullopt : std::optional<bool>(prime == 1);
}

}  // namespace

std::string RsaModulus(const PublicKey& key) {
  const BignumPtr n = Modulus(key);
  if (!n) return "";
  std::string bytes(BN_num_bytes(n.get()), '\0');
  BN_bn2bin(n.get(), reinterpret_cast<uint8_t*>(bytes.data()));
  return bytes;
}

uint32_t SmallRsaFactor(const PublicKey& key) {
  const BignumPtr n = Modulus(key);
  if (!n) return 0;
  // The smallest divisor above 1 is a prime.
  for (uint32_t divisor = 2; divisor < 752; ++divisor) {
    if (BN_mod_word(n.get(), divisor) == 0) return divisor;
  }
  return 0;
}

bool HasPrimeModulus(const PublicKey& key) {
  const BignumPtr n = Modulus(key);
  if (!n) return false;
  // A key that could not be looked at is none to trust.
  return IsPrime(n.get()).value_or(true);
}

bool HasRocaFingerprint(const PublicKey& key) {
  const BignumPtr n = Modulus(key);
  if (!n) return false;
  for (const uint32_t prime : kRocaPrimes) {
    if (!IsPowerOf65537(static_cast<uint32_t>(BN_mod_word(n.get(), prime)),
                        prime)) {
      return false;
    }
  }
  return true;
}

bool HasClosePrimes(const PublicKey& key, int rounds) {
  const BignumPtr n = Modulus(key);
  if (!n) return false;
  // As above.
  return FermatFactors(n.get(), rounds).value_or(true);
}

}  // namespace chancery::crypto
