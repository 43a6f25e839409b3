// The verification of FIPS 186-5 section 6.4.2 for many P-256 signatures at
// once, by OpenSSL's arithmetic: they share an inversion, and no point is
// brought to affine coordinates. For crypto/ only, as it is of public numbers:
// nothing here takes the same time for all of them.
#ifndef CHANCERY_CRYPTO_P256_ARITHMETIC_H_
#define CHANCERY_CRYPTO_P256_ARITHMETIC_H_

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "crypto/openssl_handles.h"
#include "crypto/p256_signed.h"

namespace chancery::crypto {

// Null if OpenSSL had no memory.
EcGroupPtr NewP256Group();

// Whose multiples tell. All numbers are public.
struct P256Combination {
  size_t at;  // Which signature, from 0.
  const BIGNUM* u;
  const BIGNUM* v;
  EC_POINT* out;  // Becomes [u]G + [v]Q, with Q the public key's point.
  BN_CTX* context;
};

// Of each whether its r is the x of what `combine` makes of it, which returns
// false if it could not. False also if OpenSSL had no memory.
std::vector<bool> VerifyP256(
    const EC_GROUP* curve, std::span<const P256Signed> all,
    absl::FunctionRef<bool(const P256Combination&)> combine);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_P256_ARITHMETIC_H_
