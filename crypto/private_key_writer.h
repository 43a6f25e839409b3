#ifndef CHANCERY_CRYPTO_PRIVATE_KEY_WRITER_H_
#define CHANCERY_CRYPTO_PRIVATE_KEY_WRITER_H_

#include <openssl/types.h>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "crypto/pkcs8_form.h"

namespace chancery::crypto {

// `pkey` as PKCS #8; without a password, in the clear.
absl::StatusOr<base::Secret> EncodePkcs8(EVP_PKEY* pkey, const Pkcs8Form& form,
                                         const base::Secret* password);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PRIVATE_KEY_WRITER_H_
