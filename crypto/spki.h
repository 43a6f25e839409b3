// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) from the parts in which
// tokens hand out public keys. Nothing is checked: PublicKey::FromSpki does.
#ifndef CHANCERY_CRYPTO_SPKI_H_
#define CHANCERY_CRYPTO_SPKI_H_

#include <string>

#include "base/bytes.h"
#include "crypto/key_type.h"

namespace chancery::crypto {

// `key_bits`: an EC point (04 || x || y), 32 octets of Ed25519, or the DER of
// an RSAPublicKey.
std::string SpkiFromKeyBits(KeyType type, base::Bytes key_bits);

// Big-endian magnitudes; leading zero octets are dropped.
std::string SpkiFromRsa(base::Bytes modulus, base::Bytes exponent);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SPKI_H_
