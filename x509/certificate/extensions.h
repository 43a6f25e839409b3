// The extensions of certificates (RFC 5280 section 4.2) as values.
#ifndef CHANCERY_X509_CERTIFICATE_EXTENSIONS_H_
#define CHANCERY_X509_CERTIFICATE_EXTENSIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "der/writer.h"
#include "x509/certificate/certificate_policies.h"
#include "x509/certificate/name_constraints.h"
#include "x509/certificate/names.h"

namespace chancery::x509 {

// Bits of KeyUsage (section 4.2.1.3), as der::Writer::AddNamedBits takes them:
// bit n of the mask is bit n of the schema.
enum KeyUsage : uint32_t {
  kDigitalSignature = 1u << 0,
  kContentCommitment = 1u << 1,
  kKeyEncipherment = 1u << 2,
  kDataEncipherment = 1u << 3,
  kKeyAgreement = 1u << 4,
  kKeyCertSign = 1u << 5,
  kCrlSign = 1u << 6,
  kEncipherOnly = 1u << 7,
  kDecipherOnly = 1u << 8,
};

// Extended key usages, dotted.
inline constexpr char kServerAuth[] = "1.3.6.1.5.5.7.3.1";
inline constexpr char kClientAuth[] = "1.3.6.1.5.5.7.3.2";
inline constexpr char kOcspSigning[] = "1.3.6.1.5.5.7.3.9";

// Extensions that are looked for by name, dotted.
inline constexpr char kKeyUsageOid[] = "2.5.29.15";
inline constexpr char kExtendedKeyUsageOid[] = "2.5.29.37";
inline constexpr char kTlsFeatureOid[] = "1.3.6.1.5.5.7.1.24";

inline constexpr uint16_t kStatusRequest = 5;  // A TLS feature (RFC 6066).

// One that this system carries without knowing what it means. Never critical.
struct OtherExtension {
  std::string oid = {};    // Dotted.
  std::string value = {};  // DER.
  friend bool operator==(const OtherExtension&,
                         const OtherExtension&) = default;
};

// The extensions that this system writes and understands.
struct Extensions {
  std::optional<bool> is_ca =
      {};  // basicConstraints present; critical for a CA.
  std::optional<int> path_length = {};
  std::optional<uint32_t> key_usage = {};            // Critical.
  std::vector<std::string> extended_key_usage = {};  // Dotted.
  std::vector<AltName> alt_names = {};
  bool alt_names_critical = false;
  std::string subject_key_identifier = {};
  std::string authority_key_identifier = {};
  std::vector<std::string> crl_urls = {};
  std::vector<std::string> ocsp_urls = {};
  std::vector<std::string> ca_issuers_urls = {};
  bool ocsp_no_check = false;
  std::optional<NameConstraints> name_constraints = {};  // Critical; of a CA.
  std::vector<CertificatePolicy> policies = {};
  // TLS features that a server has to offer (RFC 7633): 5 is status_request,
  // "must staple".
  std::vector<uint16_t> tls_features = {};
  std::vector<OtherExtension> others = {};
};

// Writes the SEQUENCE OF Extension, in an order of its own.
void WriteExtensions(der::Writer& out, const Extensions& extensions);

struct ParsedExtensions {
  Extensions extensions = {};
  // Dotted OID of a critical extension that is none of the above; or empty.
  std::string unknown_critical = {};
};

// The inverse, of the whole SEQUENCE. Extensions that are none of the above are
// `others`, unless they are critical. InvalidArgument names one that is
// malformed or repeated.
absl::StatusOr<ParsedExtensions> ParseExtensions(base::Bytes der);

// The contents of a tlsFeature extension (RFC 7633 section 4.1).
// InvalidArgument: malformed, or a feature above 65,535.
absl::StatusOr<std::vector<uint16_t>> ParseTlsFeatures(base::Bytes der);

// The contents of keyUsage and extendedKeyUsage. InvalidArgument: malformed.
absl::StatusOr<uint32_t> ParseKeyUsage(base::Bytes der);
absl::StatusOr<std::vector<std::string>> ParseExtendedKeyUsage(base::Bytes der);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_EXTENSIONS_H_
