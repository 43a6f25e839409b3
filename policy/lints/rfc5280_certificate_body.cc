#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "crypto/public_key.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

constexpr int64_t kV1 = 0, kV3 = 2;
constexpr size_t kMaxSerialOctets = 20;

bool HasUniqueId(const C& c) {
  return c.has_issuer_unique_id || c.has_subject_unique_id;
}

std::string UnknownCritical(const C& c) {
  static constexpr const char* kKnown[] = {oid::kSubjectDirectoryAttributes,
                                           oid::kSubjectKeyId,
                                           oid::kKeyUsage,
                                           oid::kSubjectAltName,
                                           oid::kIssuerAltName,
                                           oid::kBasicConstraints,
                                           oid::kNameConstraints,
                                           oid::kCrlDistributionPoints,
                                           oid::kCertificatePolicies,
                                           oid::kPolicyMappings,
                                           oid::kAuthorityKeyId,
                                           oid::kPolicyConstraints,
                                           oid::kExtendedKeyUsage,
                                           oid::kFreshestCrl,
                                           oid::kInhibitAnyPolicy,
                                           oid::kAuthorityInfoAccess,
                                           oid::kSubjectInfoAccess,
                                           oid::kPoison};
  for (const Extension& extension : c.extensions) {
    if (!extension.critical) continue;
    bool known = false;
    for (const char* oid : kKnown) known = known || extension.oid == oid;
    if (!known) return extension.oid;
  }
  return "";
}

// Curves that are none of ours are not looked at.
std::string WrongPoint(const C& c) {
  constexpr uint8_t kUncompressed = 0x04;
  if (c.key.algorithm_oid != oid::kEc || c.key.key.empty() ||
      c.key.key[0] != kUncompressed) {
    return "";
  }
  const absl::Status read = crypto::PublicKey::FromSpki(c.spki).status();
  return absl::IsInvalidArgument(read) ? std::string(read.message()) : "";
}

}  // namespace

CertificateRules Rfc5280CertificateBody() {
  return {
      {{"rfc5280_cert_version_known", "RFC 5280 section 4.1.2.1", kError,
        "version is v1, v2 or v3, and v1 is not encoded"},
       [](const C& c) {
         return Unless(c.version >= kV1 && c.version <= kV3 &&
                           !(c.has_version && c.version == kV1),
                       "version is encoded as ", c.version);
       }},
      {{"rfc5280_cert_version_of_extensions", "RFC 5280 section 4.1.2.1",
        kError, "a certificate with extensions is v3"},
       [](const C& c) {
         return Unless(!c.has_extensions || c.version == kV3,
                       "version is encoded as ", c.version);
       }},
      {{"rfc5280_cert_version_of_unique_ids", "RFC 5280 section 4.1.2.8",
        kError, "a certificate with unique identifiers is v2 or v3"},
       [](const C& c) {
         return Unless(!HasUniqueId(c) || c.version != kV1,
                       "it has unique identifiers and is v1");
       }},
      {{"rfc5280_cert_no_unique_ids", "RFC 5280 section 4.1.2.8", kError,
        "issuerUniqueID and subjectUniqueID are absent"},
       [](const C& c) {
         return Unless(!HasUniqueId(c), c.has_issuer_unique_id
                                            ? "issuerUniqueID is present"
                                            : "subjectUniqueID is present");
       }},
      {{"rfc5280_cert_serial_positive", "RFC 5280 section 4.1.2.2", kError,
        "serialNumber is positive"},
       [](const C& c) {
         return Unless(IsPositiveInteger(c.serial), "serialNumber is ",
                       ShortHex(c.serial), " in hexadecimal");
       }},
      {{"rfc5280_cert_serial_length", "RFC 5280 section 4.1.2.2", kError,
        "serialNumber has at most 20 octets"},
       [](const C& c) {
         return Unless(c.serial.size() <= kMaxSerialOctets, "serialNumber has ",
                       c.serial.size(), " octets");
       }},
      {{"rfc5280_cert_serial_minimal", "RFC 5280 section 4.1", kError,
        "serialNumber is a DER INTEGER, of the fewest octets"},
       [](const C& c) {
         return Unless(IsMinimalInteger(c.serial), "serialNumber is ",
                       c.serial.empty() ? "empty" : ShortHex(c.serial));
       }},
      {{"rfc5280_cert_algorithms_match", "RFC 5280 section 4.1.1.2", kError,
        "signatureAlgorithm is the signature field of tbsCertificate"},
       [](const C& c) {
         return Unless(base::Equal(c.inner_algorithm, c.outer_algorithm),
                       "signatureAlgorithm is ", ShortHex(c.outer_algorithm),
                       ", signature is ", ShortHex(c.inner_algorithm));
       }},
      {{"rfc5280_cert_signature_form", "RFC 5280 section 4.1.1.3", kError,
        "signatureValue is a BIT STRING of whole octets, and not empty"},
       [](const C& c) {
         return Unless(IsWholeOctets(c.signature), "its contents are ",
                       ShortHex(c.signature));
       }},
      {{"rfc5280_cert_time_form", "RFC 5280 section 4.1.2.5.1", kError,
        "notBefore and notAfter are YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ"},
       [](const C& c) {
         const std::string wrong = WrongTimeForm("notBefore", c.not_before);
         return wrong.empty() ? WrongTimeForm("notAfter", c.not_after) : wrong;
       }},
      {{"rfc5280_cert_time_choice", "RFC 5280 section 4.1.2.5", kError,
        "notBefore and notAfter are UTCTime through the year 2049"},
       [](const C& c) {
         const std::string wrong = WrongTimeChoice("notBefore", c.not_before);
         return wrong.empty() ? WrongTimeChoice("notAfter", c.not_after)
                              : wrong;
       }},
      {{"rfc5280_cert_validity_order", "RFC 5280 section 4.1.2.5", kError,
        "notAfter is not before notBefore"},
       [](const C& c) {
         return Unless(!c.not_before.time || !c.not_after.time ||
                           *c.not_before.time <= *c.not_after.time,
                       "notAfter is ", Quoted(c.not_after.contents),
                       ", notBefore is ", Quoted(c.not_before.contents));
       }},
      {{"rfc5280_cert_ec_point_on_curve", "RFC 5480 section 2.2", kError,
        "an uncompressed EC point is one of the key's curve (SEC 1 section "
        "2.3.4)"},
       [](const C& c) {
         const std::string wrong = WrongPoint(c);
         return Unless(wrong.empty(), wrong);
       }},
      {{"rfc5280_cert_extensions_not_empty", "RFC 5280 section 4.1.2.9", kError,
        "extensions, if present, holds at least one"},
       [](const C& c) {
         return Unless(!c.has_extensions || !c.extensions.empty(),
                       "extensions is empty");
       }},
      {{"rfc5280_cert_extension_once", "RFC 5280 section 4.2", kError,
        "no extension is there twice"},
       [](const C& c) {
         const std::string repeated = RepeatedExtension(c.extensions);
         return Unless(repeated.empty(), "extension ", repeated,
                       " is there twice");
       }},
      {{"rfc5280_cert_extension_default", "RFC 5280 section 4.1", kError,
        "critical, a DER DEFAULT FALSE, is not encoded as FALSE"},
       [](const C& c) {
         for (const Extension& extension : c.extensions) {
           if (extension.false_encoded) {
             return absl::StrCat("extension ", extension.oid,
                                 " encodes critical FALSE");
           }
         }
         return std::string();
       }},
      {{"rfc5280_cert_extension_true", "X.690 section 11.1", kError,
        "critical, a DER BOOLEAN, is TRUE as an octet of eight one bits"},
       [](const C& c) {
         for (const Extension& extension : c.extensions) {
           if (extension.odd_true) {
             return absl::StrCat("extension ", extension.oid,
                                 " encodes critical TRUE otherwise");
           }
         }
         return std::string();
       }},
      {{"rfc5280_cert_extension_form", "RFC 5280 section 4.2", kError,
        "the value of a standard extension is DER of its type"},
       [](const C& c) {
         return Unless(c.malformed.empty(), "extension ",
                       c.malformed.empty() ? "" : c.malformed.front(),
                       " is malformed");
       }},
      {{"rfc5280_cert_critical_known", "RFC 5280 section 4.2", kWarning,
        "critical extensions are those that RFC 5280 describes, or a "
        "precertificate's poison"},
       [](const C& c) {
         const std::string unknown = UnknownCritical(c);
         return Unless(unknown.empty(), "extension ", unknown, " is critical");
       }},
  };
}

}  // namespace chancery::policy::lints
