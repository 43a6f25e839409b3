// Certificates in the order in which servers send them: each followed by the
// one that issued it (RFC 8446 section 4.4.2).
#ifndef CHANCERY_X509_BUNDLE_ORDER_H_
#define CHANCERY_X509_BUNDLE_ORDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/portable_key.h"

namespace chancery::x509 {

// What ties certificates together.
struct ChainLink {
  std::string issuer = {};   // DER Name.
  std::string subject = {};  // DER Name.
  std::string spki = {};     // DER SubjectPublicKeyInfo.
};

// Reads no more than that, of any version and with any extensions.
// InvalidArgument: not a Certificate (RFC 5280 section 4.1).
absl::StatusOr<ChainLink> ReadChainLink(base::Bytes certificate);

// Puts the certificate of `key`, if there is one, first, then the one that
// issued it, and so on; then the same for each that issued no other, as they
// came; then what is left, as it came. Certificates that have nothing to do
// with one another, such as a trust store's, keep their order. Where several
// have an issuer's name, the first whose key verifies follows. InvalidArgument:
// something that is not a certificate. NotFound: none is of `key`.
absl::Status OrderLeafFirst(const crypto::PortableKey* key,
                            std::vector<std::string>& certificates);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_BUNDLE_ORDER_H_
