// The certificates that a new cluster begins with: CAs, OCSP signer,
// identities.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_CA_CERTIFICATE_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_CA_CERTIFICATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/random.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"

namespace chancery::cli {

// A subject of at most three attributes; empty ones are left out.
struct SubjectName {
  std::string country = {}, organization = {}, common_name = {};
};

// DER Name.
std::string EncodeName(const SubjectName& name);

// Bits of keyUsage, RFC 5280 section 4.2.1.3.
inline constexpr uint32_t kDigitalSignature = 1u << 0;
inline constexpr uint32_t kKeyCertSign = 1u << 5;
inline constexpr uint32_t kCrlSign = 1u << 6;

struct CertificateRequestFacts {
  std::string subject;      // DER Name.
  absl::Time not_before;    // Whole seconds.
  absl::Duration validity;  // To the last second of notAfter, inclusive.
  std::optional<int> ca_path_length = {};  // Absent: no CA.
  uint32_t key_usage = kDigitalSignature;
  std::vector<std::string> extended_key_usage = {};  // Dotted.
  bool ocsp_nocheck = false;
  bool subject_key_id = true;
  std::string uri = {};  // The one subjectAltName.
};

// Who signs: for a root its own key and subject.
struct CertificateSigner {
  std::string subject;  // DER Name.
  const crypto::SigningKey& key;
};

// DER. The serial number has 127 random bits.
absl::StatusOr<std::string> SignCertificate(
    const CertificateRequestFacts& facts, const crypto::PublicKey& subject_key,
    const CertificateSigner& signer, base::Random& random);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_CA_CERTIFICATE_H_
