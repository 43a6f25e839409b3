#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "policy/lints/br_algorithms.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

constexpr size_t kMinSerialOctets = 8;
constexpr size_t kMinModulusBits = 2048;

size_t BitLength(Bytes magnitude) {
  if (magnitude.empty()) return 0;
  size_t bits = 8 * (magnitude.size() - 1);
  for (uint8_t first = magnitude[0]; first != 0; first >>= 1) ++bits;
  return bits;
}

// Section 7.1.4.2: attributes in this order; -1 for others.
int Order(const std::string& oid) {
  static constexpr const char* kOrder[] = {
      oid::kDomainComponent,    oid::kCountry,    oid::kState,
      oid::kLocality,           oid::kPostalCode, oid::kStreet,
      oid::kOrganization,       oid::kSurname,    oid::kGivenName,
      oid::kOrganizationalUnit, oid::kCommonName};
  const auto found = std::find(std::begin(kOrder), std::end(kOrder), oid);
  return found == std::end(kOrder)
             ? -1
             : static_cast<int>(std::distance(std::begin(kOrder), found));
}

std::string OutOfOrder(const C& c) {
  int before = -1;
  for (const NameAttribute& attribute : c.subject_name) {
    const int order = Order(attribute.oid);
    if (order < 0) continue;
    if (order < before) return attribute.oid;
    before = order;
  }
  return "";
}

std::string RepeatedAttribute(const C& c) {
  std::set<std::string> seen;
  for (const NameAttribute& attribute : c.subject_name) {
    if (attribute.oid == oid::kDomainComponent ||
        attribute.oid == oid::kStreet) {
      continue;
    }
    if (!seen.insert(attribute.oid).second) return attribute.oid;
  }
  return "";
}

std::string WrongPoint(const DistributionPoint& point) {
  if (!point.name.has_value() || point.name->full.empty()) {
    return "a DistributionPoint has no fullName";
  }
  if (point.has_reasons) return "a DistributionPoint has reasons";
  if (point.has_issuer) return "a DistributionPoint has a cRLIssuer";
  for (const GeneralName& name : point.name->full) {
    if (name.kind != GeneralName::kUri ||
        !StartsWithIgnoringCase(name.contents, "http://")) {
      return absl::StrCat("a fullName is ", Quoted(name.contents));
    }
  }
  return "";
}

std::string WrongAccess(const AccessDescription& access) {
  if (access.method != oid::kAccessOcsp &&
      access.method != oid::kAccessCaIssuers) {
    return absl::StrCat("it has the accessMethod ", access.method);
  }
  return Unless(access.location.kind == GeneralName::kUri &&
                    StartsWithIgnoringCase(access.location.contents, "http://"),
                "an accessLocation is ", Quoted(access.location.contents));
}

bool IsOnlyMetadata(Bytes value) {
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](uint8_t octet) {
           return octet == '.' || octet == '-' || octet == ' ';
         });
}

}  // namespace

CertificateRules BrCertificate() {
  return {
      {{"br_cert_version_3", "Baseline Requirements section 7.1.1", kError,
        "version is v3"},
       [](const C& c) {
         return Unless(c.version == 2, "version is encoded as ", c.version);
       }},
      {{"br_cert_serial_entropy", "Baseline Requirements section 7.1.2.7",
        kError, "serialNumber has room for 64 random bits"},
       [](const C& c) {
         return Unless(c.serial.size() >= kMinSerialOctets, "serialNumber is ",
                       ShortHex(c.serial), " in hexadecimal");
       }},
      {{"br_cert_key_algorithm", "Baseline Requirements section 7.1.3.1",
        kError, "the key's algorithm is rsaEncryption, P-256, P-384 or P-521"},
       [](const C& c) { return WrongBrKeyAlgorithm(c.key.algorithm); }},
      {{"br_cert_signature_algorithm", "Baseline Requirements section 7.1.3.2",
        kError, "the signature's algorithm is one that is listed"},
       [](const C& c) { return WrongBrSignatureAlgorithm(c.outer_algorithm); }},
      {{"br_cert_rsa_modulus_size", "Baseline Requirements section 6.1.5",
        kError, "an RSA modulus has at least 2048 bits"},
       [](const C& c) {
         return Unless(!c.key.modulus.has_value() ||
                           BitLength(*c.key.modulus) >= kMinModulusBits,
                       "it has ", BitLength(c.key.modulus.value_or(Bytes())),
                       " bits");
       }},
      {{"br_cert_rsa_modulus_multiple", "Baseline Requirements section 6.1.5",
        kError, "the bits of an RSA modulus are a multiple of 8"},
       [](const C& c) {
         return Unless(
             !c.key.modulus.has_value() || BitLength(*c.key.modulus) % 8 == 0,
             "it has ", BitLength(c.key.modulus.value_or(Bytes())), " bits");
       }},
      {{"br_cert_rsa_exponent_odd", "Baseline Requirements section 6.1.6",
        kError, "an RSA exponent is odd and at least 3"},
       [](const C& c) {
         if (!c.key.exponent.has_value()) return std::string();
         const Bytes e = *c.key.exponent;
         return Unless(BitLength(e) >= 2 && (e.back() & 1) == 1, "it is ",
                       ShortHex(e), " in hexadecimal");
       }},
      {{"br_cert_rsa_exponent_range", "Baseline Requirements section 6.1.6",
        kWarning, "an RSA exponent is between 2^16 + 1 and 2^256 - 1"},
       [](const C& c) {
         if (!c.key.exponent.has_value()) return std::string();
         const Bytes e = *c.key.exponent;
         // 2^16 itself is even, which is another rule's.
         return Unless(BitLength(e) >= 17 && BitLength(e) <= 256, "it is ",
                       ShortHex(e), " in hexadecimal");
       }},
      {{"br_cert_name_single_attributes",
        "Baseline Requirements section 7.1.4.1", kError,
        "each RelativeDistinguishedName of subject has one attribute"},
       [](const C& c) {
         for (size_t i = 1; i < c.subject_name.size(); ++i) {
           if (c.subject_name[i].rdn == c.subject_name[i - 1].rdn) {
             return absl::StrCat(c.subject_name[i - 1].oid, " and ",
                                 c.subject_name[i].oid, " are in one");
           }
         }
         return std::string();
       }},
      {{"br_cert_name_order", "Baseline Requirements section 7.1.4.2", kError,
        "attributes of subject are in the order of the table"},
       [](const C& c) {
         const std::string oid = OutOfOrder(c);
         return Unless(oid.empty(), oid, " comes too late");
       }},
      {{"br_cert_name_attribute_once", "Baseline Requirements section 7.1.4.1",
        kError,
        "no attribute of subject is there twice, but domainComponent and "
        "streetAddress"},
       [](const C& c) {
         const std::string oid = RepeatedAttribute(c);
         return Unless(oid.empty(), oid, " is there twice");
       }},
      {{"br_cert_name_not_metadata", "Baseline Requirements section 7.1.2.7.4",
        kError, "no attribute of subject is only '.', '-' and spaces"},
       [](const C& c) {
         for (const NameAttribute& attribute : c.subject_name) {
           if (IsOnlyMetadata(attribute.value)) {
             return absl::StrCat(attribute.oid, " is ",
                                 Quoted(attribute.value));
           }
         }
         return std::string();
       }},
      {{"br_cert_authority_key_id_alone",
        "Baseline Requirements section 7.1.2.11.1", kError,
        "authorityKeyIdentifier has neither issuer nor serial number"},
       [](const C& c) {
         return Unless(!c.authority_key_id.has_value() ||
                           (!c.authority_key_id->has_issuer &&
                            !c.authority_key_id->has_serial),
                       "it has them");
       }},
      {{"br_cert_crl_points", "Baseline Requirements section 7.1.2.11.2",
        kError,
        "each DistributionPoint is a fullName of http URLs and nothing else"},
       [](const C& c) {
         if (!c.crl_points.has_value()) return std::string();
         if (c.crl_points->empty()) return std::string("it is empty");
         for (const DistributionPoint& point : *c.crl_points) {
           const std::string wrong = WrongPoint(point);
           if (!wrong.empty()) return wrong;
         }
         return std::string();
       }},
      {{"br_cert_info_access", "Baseline Requirements section 7.1.2.7.7",
        kError,
        "authorityInfoAccess has id-ad-ocsp and id-ad-caIssuers with http URLs "
        "and nothing else"},
       [](const C& c) {
         if (!c.access.has_value()) return std::string();
         if (c.access->empty()) return std::string("it is empty");
         for (const AccessDescription& access : *c.access) {
           const std::string wrong = WrongAccess(access);
           if (!wrong.empty()) return wrong;
         }
         return std::string();
       }},
      {{"br_cert_key_usage_critical", "Baseline Requirements section 7.1.2.7.6",
        kError, "keyUsage is critical"},
       [](const C& c) {
         const Extension* usage = c.Find(oid::kKeyUsage);
         return Unless(usage == nullptr || usage->critical,
                       "it is not critical");
       }},
  };
}

}  // namespace chancery::policy::lints
