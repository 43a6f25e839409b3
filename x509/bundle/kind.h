#ifndef CHANCERY_X509_BUNDLE_KIND_H_
#define CHANCERY_X509_BUNDLE_KIND_H_

#include "base/bytes.h"

namespace chancery::x509 {

// What a file looks like from its first octets. Whether it is that, its reader
// has to say.
enum class FileKind {
  kUnknown,
  kPem,
  kCertificate,  // DER.
  kPkcs7,        // DER or BER, as is PKCS #12.
  kPkcs12,
  kPrivateKey,  // DER: PKCS #8, encrypted or not, RFC 5915 or RFC 8017.
};

FileKind KindOf(base::Bytes file);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_BUNDLE_KIND_H_
