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
};

// Writes the SEQUENCE OF Extension, in an order of its own.
void WriteExtensions(der::Writer& out, const Extensions& extensions);

struct ParsedExtensions {
  Extensions extensions = {};
  // Dotted OID of a critical extension that is none of the above; or empty.
  std::string unknown_critical = {};
};

// The inverse, of the whole SEQUENCE. Extensions that are none of the above are
// passed over. InvalidArgument names one that is malformed or repeated.
absl::StatusOr<ParsedExtensions> ParseExtensions(base::Bytes der);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_EXTENSIONS_H_
