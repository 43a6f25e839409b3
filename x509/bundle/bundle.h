// What a file of certificates holds, in whichever format it came.
#ifndef CHANCERY_X509_BUNDLE_BUNDLE_H_
#define CHANCERY_X509_BUNDLE_BUNDLE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/password_limits.h"
#include "crypto/portable_key.h"

namespace chancery::x509 {

// More than any trust store has.
inline constexpr size_t kMaxBundleCertificates = 10'000;

struct Bundle {
  std::vector<std::string> certificates = {};  // DER.
  std::optional<crypto::PortableKey> key = {};
  std::string friendly_name = {};  // Of PKCS #12; may be empty.
};

// PEM with any number of blocks and text around them ("CERTIFICATE" and its
// older labels, "PKCS7", "CMS", "PKCS12", the private keys of
// crypto::PortableKey; others are passed over), or one object in DER or BER: a
// certificate, PKCS #7, PKCS #12, a private key. `password` opens what is
// locked and may be null. Certificates come in the file's order.
//
// Of a certificate only the frame is looked at (see order.h): these are
// anybody's, from any decade.
//
// InvalidArgument says which object is malformed, or of what there are too
// many. PermissionDenied: the password is wrong or missing. Others as of
// crypto::PortableKey and crypto::ReadPkcs12.
absl::StatusOr<Bundle> ReadBundle(base::Bytes file,
                                  const base::Secret* password,
                                  const crypto::PasswordLimits& limits = {});

// Adds all of `other`; each certificate is kept once. InvalidArgument: both
// have a private key, or there are too many certificates.
absl::Status AddToBundle(Bundle other, Bundle& bundle);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_BUNDLE_BUNDLE_H_
