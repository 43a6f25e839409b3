// EC private keys in the form that nearly all have. OpenSSL looks for a decoder
// among all that it has, for each key anew: that takes ten times as long as the
// rest, which a signer with thousands of issuers feels.
#ifndef CHANCERY_CRYPTO_EC_PKCS8_H_
#define CHANCERY_CRYPTO_EC_PKCS8_H_

#include "base/bytes.h"
#include "crypto/openssl_handles.h"

namespace chancery::crypto {

// The key of a DER PrivateKeyInfo (RFC 5208 section 5) with an ECPrivateKey
// (RFC 5915) of P-256 or P-384 in it: the curve named outside and not inside,
// the public key there, uncompressed and on the curve, no attributes. Null of
// everything else, which may be a key all the same: ask OpenSSL.
// Not looked at: whether the two halves belong together (CheckPair).
PKeyPtr EcKeyFromPkcs8(base::Bytes der);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_EC_PKCS8_H_
