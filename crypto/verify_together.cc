// The point of an EC_KEY is in none of OpenSSL 3.0's other types.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/verify_together.h"

#include <openssl/ec.h>

#include "crypto/digest.h"
#include "crypto/p256_arithmetic.h"
#include "crypto/p256_signed.h"
#include "crypto/public_key_state.h"

namespace chancery::crypto {
namespace {

// Which of them are verified; false of all that are not P-256.
std::vector<bool> VerifyP256Claims(std::span<const SignatureClaim> claims) {
  // Made once, as it takes as long as half a signature; never freed.
  static const EC_GROUP* const curve = NewP256Group().release();
  std::vector<bool> verified(claims.size());
  std::vector<size_t> at;
  std::vector<P256Signed> all;
  for (size_t i = 0; i < claims.size(); ++i) {
    const SignatureClaim& claim = claims[i];
    if (claim.algorithm != SignatureAlgorithm::kEcdsaSha256 ||
        claim.key.type() != KeyType::kEcP256) {
      continue;
    }
    at.push_back(i);
    all.push_back(
        {.digest = Sha256(claim.message), .signature = claim.signature});
  }
  if (curve == nullptr || all.size() < 2) return verified;
  const std::vector<bool> valid =
      VerifyP256(curve, all, [&](const P256Combination& of) {
        const EC_KEY* const key = claims[at[of.at]].key.state().ec.get();
        return EC_POINT_mul(curve, of.out, of.u, EC_KEY_get0_public_key(key),
                            of.v, of.context) == 1;
      });
  for (size_t k = 0; k < at.size(); ++k) verified[at[k]] = valid[k];
  return verified;
}

}  // namespace

std::vector<absl::Status> VerifyTogether(
    std::span<const SignatureClaim> claims) {
  const std::vector<bool> verified = VerifyP256Claims(claims);
  std::vector<absl::Status> out(claims.size());
  for (size_t i = 0; i < claims.size(); ++i) {
    const SignatureClaim& claim = claims[i];
    if (verified[i]) continue;
    out[i] = claim.key.Verify(claim.algorithm, claim.message, claim.signature);
  }
  return out;
}

}  // namespace chancery::crypto
