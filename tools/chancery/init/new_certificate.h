// Signs the certificates that a new cluster begins with.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_NEW_CERTIFICATE_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_NEW_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/random.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

struct NewCertificate {
  std::string subject = {};  // DER Name.
  absl::Time not_before = absl::UnixEpoch();
  absl::Duration validity = {};  // The last second of it is notAfter.
  // All but the key identifiers.
  x509::Extensions extensions = {};
};

// Who signs: for a root its own key and subject.
struct CertificateSigner {
  std::string subject;  // DER Name.
  const crypto::SigningKey& key;
};

// DER. The serial number has 127 random bits. All but OCSP signers, whose
// profile advises against it, have a subjectKeyIdentifier.
absl::StatusOr<std::string> SignNew(const NewCertificate& certificate,
                                    const crypto::PublicKey& subject_key,
                                    const CertificateSigner& signer,
                                    base::Random& random);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_NEW_CERTIFICATE_H_
