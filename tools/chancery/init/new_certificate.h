// Signs certificates of CAs, OCSP signers and identities: those that a new
// cluster begins with, and those of ceremonies.
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
  // All but the key identifiers; the subject's if it is not the usual one.
  x509::Extensions extensions = {};
  std::string serial = {};  // Magnitude. Empty: 127 random bits.
};

// Who signs: for a root its own key and subject.
struct CertificateSigner {
  std::string subject;  // DER Name.
  const crypto::SigningKey& key;
  // As its certificate has it. Empty: the usual one.
  std::string subject_key_identifier = {};
};

// DER. All but OCSP signers, whose profile advises against it, have a
// subjectKeyIdentifier; the usual one is RFC 5280 section 4.2.1.2 method 1.
absl::StatusOr<std::string> SignNew(const NewCertificate& certificate,
                                    const crypto::PublicKey& subject_key,
                                    const CertificateSigner& signer,
                                    base::Random& random);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_NEW_CERTIFICATE_H_
