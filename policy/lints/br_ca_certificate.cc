#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/encoding.h"
#include "policy/lints/certificate_role.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"
#include "policy/lints/usage_bits.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

constexpr absl::Duration kDay = absl::Hours(24);

bool HasAttribute(const C& c, const char* oid) {
  for (const NameAttribute& attribute : c.subject_name) {
    if (attribute.oid == oid) return true;
  }
  return false;
}

bool IsNull(Bytes value) { return base::Hex(value) == "0500"; }

std::string Absent(const C& c, const char* oid) {
  return Unless(c.Find(oid) != nullptr, "it has none");
}

}  // namespace

CertificateRules BrCaCertificate() {
  return {
      {{"br_cert_ca_subject_attributes",
        "Baseline Requirements section 7.1.2.10.2", kError,
        "subject of a CA has countryName, organizationName and commonName"},
       [](const C& c) {
         if (!c.IsCa()) return std::string();
         for (const char* oid :
              {oid::kCountry, oid::kOrganization, oid::kCommonName}) {
           if (!HasAttribute(c, oid)) return absl::StrCat("it has no ", oid);
         }
         return std::string();
       }},
      {{"br_cert_ca_no_unit", "Baseline Requirements section 7.1.2.10.2",
        kError, "subject of a root or a TLS CA has no organizationalUnitName"},
       [](const C& c) {
         return Unless((!IsRoot(c) && !IsServerCa(c)) ||
                           !HasAttribute(c, oid::kOrganizationalUnit),
                       "it has one");
       }},
      {{"br_cert_ca_key_usage", "Baseline Requirements section 7.1.2.10.7",
        kError,
        "keyUsage of a CA has keyCertSign and cRLSign, and none but "
        "digitalSignature besides"},
       [](const C& c) {
         if (!c.IsCa() || !c.key_usage.has_value()) return std::string();
         return Unless((*c.key_usage & ~usage::kDigitalSignature) ==
                           (usage::kKeyCertSign | usage::kCrlSign),
                       "it is ", usage::Text(*c.key_usage));
       }},
      {{"br_cert_server_ca_usage_alone",
        "Baseline Requirements section 7.1.2.10.6", kError,
        "extKeyUsage of a TLS CA has none that must not be beside serverAuth"},
       [](const C& c) {
         if (!IsServerCa(c)) return std::string();
         for (const char* oid : {oid::kCodeSigning, oid::kEmailProtection,
                                 oid::kTimeStamping, oid::kOcspSigning,
                                 oid::kAnyUsage, oid::kPrecertificateSigning}) {
           if (c.HasUsage(oid)) return absl::StrCat("it has ", oid);
         }
         return std::string();
       }},
      {{"br_cert_root_no_usage", "Baseline Requirements section 7.1.2.1.2",
        kError, "a root has no extKeyUsage"},
       [](const C& c) {
         return Unless(!IsRoot(c) || c.Find(oid::kExtendedKeyUsage) == nullptr,
                       "it has one");
       }},
      {{"br_cert_root_validity", "Baseline Requirements section 7.1.2.1.1",
        kError, "a root is valid for 2922 to 9132 days"},
       [](const C& c) {
         if (!IsRoot(c) || !c.not_before.time || !c.not_after.time) {
           return std::string();
         }
         const absl::Duration validity =
             *c.not_after.time - *c.not_before.time + absl::Seconds(1);
         return Unless(validity >= 2922 * kDay && validity <= 9132 * kDay,
                       "it is valid for ", validity / kDay, " days and ",
                       absl::FormatDuration(validity % kDay),
                       ", the second of notAfter included");
       }},
      {{"br_cert_root_no_path_length",
        "Baseline Requirements section 7.1.2.1.4", kWarning,
        "a root has no pathLenConstraint"},
       [](const C& c) {
         return Unless(
             !IsRoot(c) || !c.basic_constraints->path_length.has_value(),
             "it has one");
       }},
      {{"br_cert_subordinate_crl_points",
        "Baseline Requirements section 7.1.2.11.2", kError,
        "a subordinate CA has cRLDistributionPoints"},
       [](const C& c) {
         return IsSubordinate(c) ? Absent(c, oid::kCrlDistributionPoints)
                                 : std::string();
       }},
      {{"br_cert_subordinate_policies",
        "Baseline Requirements section 7.1.2.6.1", kError,
        "a TLS CA has certificatePolicies"},
       [](const C& c) {
         return IsServerCa(c) ? Absent(c, oid::kCertificatePolicies)
                              : std::string();
       }},
      {{"br_cert_responder_usage_alone",
        "Baseline Requirements section 7.1.2.8.5", kError,
        "extKeyUsage of an OCSP responder is id-kp-OCSPSigning alone"},
       [](const C& c) {
         return Unless(!IsResponder(c) || c.extended_key_usage->size() == 1,
                       "it has others");
       }},
      {{"br_cert_responder_no_check", "Baseline Requirements section 7.1.2.8.6",
        kError,
        "an OCSP responder has id-pkix-ocsp-nocheck, not critical and NULL"},
       [](const C& c) {
         if (!IsResponder(c)) return std::string();
         const Extension* no_check = c.Find(oid::kOcspNoCheck);
         if (no_check == nullptr) return std::string("it has none");
         return Unless(IsNull(no_check->value) && !no_check->critical, "it is ",
                       ShortHex(no_check->value),
                       no_check->critical ? ", critical" : "");
       }},
      {{"br_cert_responder_key_usage",
        "Baseline Requirements section 7.1.2.8.7", kError,
        "keyUsage of an OCSP responder is digitalSignature alone"},
       [](const C& c) {
         if (!IsResponder(c)) return std::string();
         return Unless(c.key_usage.value_or(0) == usage::kDigitalSignature,
                       "it is ", usage::Text(c.key_usage.value_or(0)));
       }},
      {{"br_cert_responder_extensions",
        "Baseline Requirements section 7.1.2.8.2", kError,
        "an OCSP responder has no nameConstraints, subjectAltName or "
        "cRLDistributionPoints"},
       [](const C& c) {
         if (!IsResponder(c)) return std::string();
         for (const char* oid : {oid::kNameConstraints, oid::kSubjectAltName,
                                 oid::kCrlDistributionPoints}) {
           if (c.Find(oid) != nullptr) return absl::StrCat("it has ", oid);
         }
         return std::string();
       }},
      {{"br_cert_poison_form", "Baseline Requirements section 7.1.2.9.3",
        kError, "the poison of a precertificate is critical and NULL"},
       [](const C& c) {
         const Extension* poison = c.Find(oid::kPoison);
         if (poison == nullptr) return std::string();
         return Unless(poison->critical && IsNull(poison->value), "it is ",
                       ShortHex(poison->value),
                       poison->critical ? "" : ", not critical");
       }},
      {{"br_cert_poison_without_timestamps",
        "Baseline Requirements section 7.1.2.9.1", kError,
        "a precertificate has no signed certificate timestamps"},
       [](const C& c) {
         return Unless(c.Find(oid::kPoison) == nullptr ||
                           c.Find(oid::kSctList) == nullptr,
                       "it has both");
       }},
  };
}

}  // namespace chancery::policy::lints
