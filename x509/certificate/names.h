// Distinguished names and subject alternative names as values.
#ifndef CHANCERY_X509_CERTIFICATE_NAMES_H_
#define CHANCERY_X509_CERTIFICATE_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::x509 {

// One attribute of a Name: "CN", "O", "OU", "C", "L", "ST", "serialNumber",
// "DC", "emailAddress", or a dotted OID.
struct Attribute {
  std::string type = {};
  std::string value = {};  // UTF-8.
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// DER Name, one attribute an RDN, in order. C and serialNumber are
// PrintableString, DC and emailAddress IA5String, the others UTF8String.
// InvalidArgument: an attribute that is not known, or a value that is empty,
// longer than RFC 5280 appendix A allows (CN 64, C 2, ...; else 256 characters)
// or not UTF-8 without control characters.
absl::StatusOr<std::string> EncodeName(
    const std::vector<Attribute>& attributes);

// InvalidArgument: malformed, or a value that holds NUL or other control
// characters or is not UTF-8. BMPString and UniversalString are refused.
absl::StatusOr<std::vector<Attribute>> ParseName(base::Bytes der);

// RFC 4514, in the order of `attributes` reversed, as OpenSSL's `-nameopt
// RFC2253`.
std::string NameText(const std::vector<Attribute>& attributes);

enum class AltNameKind { kDns, kEmail, kUri, kIp };

struct AltName {
  AltNameKind kind = AltNameKind::kDns;
  std::string value = {};  // Text; of kIp 4 or 16 bytes.
  friend bool operator==(const AltName&, const AltName&) = default;
};

// "DNS:www.example.com", "IP:192.0.2.1".
std::string AltNameText(const AltName& name);

// Contents of a subjectAltName extension (RFC 5280 section 4.2.1.6).
std::string EncodeAltNames(const std::vector<AltName>& names);
// InvalidArgument: malformed; over 1,000 names, and how many; another kind of
// name, or one with characters that its kind cannot have.
absl::StatusOr<std::vector<AltName>> ParseAltNames(base::Bytes der);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_NAMES_H_
