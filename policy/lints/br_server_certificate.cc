#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/dns_name.h"
#include "policy/lints/certificate_role.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"
#include "policy/lints/usage_bits.h"
#include "x509/certificate/names.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

absl::Time Day(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

// Section 6.3.2.
absl::Duration LongestValidity(absl::Time issued) {
  int days = 398;
  if (issued >= Day(2026, 3, 15)) days = 200;
  if (issued >= Day(2027, 3, 15)) days = 100;
  if (issued >= Day(2029, 3, 15)) days = 47;
  return absl::Hours(24 * days);
}

// "notBefore through notAfter, inclusive".
absl::Duration Validity(const C& c) {
  return *c.not_after.time - *c.not_before.time + absl::Seconds(1);
}

bool HasTimes(const C& c) {
  return c.not_before.time.has_value() && c.not_after.time.has_value();
}

// Section 1.6.1: 10 days for those issued before 2026-03-15, 7 since.
bool IsShortLived(const C& c) {
  if (!HasTimes(c)) return false;
  const int days = *c.not_before.time < Day(2026, 3, 15) ? 10 : 7;
  return Validity(c) <= absl::Hours(24 * days);
}

bool NamesResponder(const C& c) {
  return c.access.has_value() &&
         std::any_of(c.access->begin(), c.access->end(), [](const auto& a) {
           return a.method == oid::kAccessOcsp;
         });
}

int ReservedPolicies(const C& c) {
  return static_cast<int>(std::count_if(
      c.policies->begin(), c.policies->end(),
      [](const auto& policy) { return IsReservedPolicy(policy.oid); }));
}

// RFC 6890 and its registries: what is not on the Internet.
bool IsReservedAddress(Bytes ip) {
  if (ip.size() == 4) {
    return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 || ip[0] >= 240 ||
           (ip[0] == 100 && (ip[1] & 0xc0) == 64) ||
           (ip[0] == 169 && ip[1] == 254) ||
           (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
           (ip[0] == 192 && ip[1] == 168) ||
           (ip[0] == 192 && ip[1] == 0 && (ip[2] == 0 || ip[2] == 2)) ||
           (ip[0] == 198 && (ip[1] & 0xfe) == 18) ||
           (ip[0] == 198 && ip[1] == 51 && ip[2] == 100) ||
           (ip[0] == 203 && ip[1] == 0 && ip[2] == 113);
  }
  if (ip.size() == 16) {
    const bool zeros = std::all_of(ip.begin(), ip.begin() + 15,
                                   [](uint8_t octet) { return octet == 0; });
    return (zeros && ip[15] <= 1) || (ip[0] & 0xfe) == 0xfc ||
           (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
           (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] == 0x0d && ip[3] == 0xb8);
  }
  return false;
}

std::string WrongAltName(const GeneralName& name) {
  if (name.kind != GeneralName::kDns) return "";
  const absl::string_view text = base::AsText(name.contents);
  return Unless(NormalizeDnsName(text, /*allow_wildcard=*/true).ok(), "it has ",
                Quoted(name.contents));
}

bool IsReverseZone(absl::string_view name) {
  return absl::EndsWithIgnoreCase(name, ".in-addr.arpa") ||
         absl::EndsWithIgnoreCase(name, ".ip6.arpa");
}

std::string EachAltName(const C& c, std::string (*wrong)(const GeneralName&)) {
  if (!IsServer(c) || !c.alt_names.has_value()) return "";
  for (const GeneralName& name : *c.alt_names) {
    const std::string found = wrong(name);
    if (!found.empty()) return found;
  }
  return "";
}

bool IsAmongNames(const C& c, Bytes common_name) {
  if (!c.alt_names.has_value()) return false;
  for (const GeneralName& name : *c.alt_names) {
    if (name.kind == GeneralName::kDns &&
        base::Equal(name.contents, common_name)) {
      return true;
    }
    if (name.kind == GeneralName::kIp &&
        x509::AltNameText({.kind = x509::AltNameKind::kIp,
                           .value = base::ToString(name.contents)}) ==
            absl::StrCat("IP:", base::AsText(common_name))) {
      return true;
    }
  }
  return false;
}

// Bits that section 7.1.2.7.11 does not permit for the key.
uint32_t ForbiddenUsage(const C& c) {
  const uint32_t permitted =
      c.key.algorithm_oid == oid::kRsa
          ? usage::kDigitalSignature | usage::kKeyEncipherment |
                usage::kDataEncipherment
          : usage::kDigitalSignature | usage::kKeyAgreement;
  return c.key_usage.value_or(0) & ~permitted;
}

}  // namespace

CertificateRules BrServerCertificate() {
  return {
      {{"br_cert_server_validity", "Baseline Requirements section 6.3.2",
        kError,
        "a server's certificate is valid for at most 398 days; 200 from "
        "2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15"},
       [](const C& c) {
         if (!IsServer(c) || !HasTimes(c)) return std::string();
         return Unless(Validity(c) <= LongestValidity(*c.not_before.time),
                       "it is valid for ", absl::FormatDuration(Validity(c)),
                       " from ", Quoted(c.not_before.contents));
       }},
      {{"br_cert_server_info_access_present",
        "Baseline Requirements section 7.1.2.7.6", kError,
        "a server's certificate has authorityInfoAccess"},
       [](const C& c) {
         return Unless(
             !IsServer(c) || c.Find(oid::kAuthorityInfoAccess) != nullptr,
             "it has none");
       }},
      {{"br_cert_server_crl_points_present",
        "Baseline Requirements section 7.1.2.11.2", kError,
        "a server's certificate names a CRL or an OCSP responder, or is "
        "short-lived"},
       [](const C& c) {
         return Unless(!IsServer(c) || IsShortLived(c) || NamesResponder(c) ||
                           c.Find(oid::kCrlDistributionPoints) != nullptr,
                       "it names neither");
       }},
      {{"br_cert_server_reserved_policy",
        "Baseline Requirements section 7.1.2.7.9", kError,
        "certificatePolicies of a server has one reserved policy"},
       [](const C& c) {
         if (!IsServer(c)) return std::string();
         if (c.Find(oid::kCertificatePolicies) == nullptr) {
           return std::string("it has no certificatePolicies");
         }
         return Unless(!c.policies.has_value() || ReservedPolicies(c) == 1,
                       "it has ", c.policies ? ReservedPolicies(c) : 0);
       }},
      {{"br_cert_server_no_any_policy",
        "Baseline Requirements section 7.1.2.7.9", kError,
        "certificatePolicies of a server has no anyPolicy"},
       [](const C& c) {
         const bool found = IsServer(c) && c.policies.has_value() &&
                            std::any_of(c.policies->begin(), c.policies->end(),
                                        [](const auto& p) {
                                          return p.oid == oid::kAnyPolicy;
                                        });
         return Unless(!found, "it has anyPolicy");
       }},
      {{"br_cert_server_usage_named",
        "Baseline Requirements section 7.1.2.7.10", kError,
        "extKeyUsage of a server has id-kp-serverAuth"},
       [](const C& c) {
         return Unless(!IsServer(c) || c.HasUsage(oid::kServerAuth),
                       "it has not");
       }},
      {{"br_cert_server_usage_alone",
        "Baseline Requirements section 7.1.2.7.10", kError,
        "extKeyUsage of a server has none that must not be beside serverAuth"},
       [](const C& c) {
         if (!IsServer(c)) return std::string();
         for (const char* oid :
              {oid::kCodeSigning, oid::kEmailProtection, oid::kTimeStamping,
               oid::kAnyUsage, oid::kPrecertificateSigning}) {
           if (c.HasUsage(oid)) return absl::StrCat("it has ", oid);
         }
         return std::string();
       }},
      {{"br_cert_server_key_usage", "Baseline Requirements section 7.1.2.7.11",
        kError, "keyUsage of a server has only bits that suit its key"},
       [](const C& c) {
         if (!IsServer(c) || !c.key_usage.has_value()) return std::string();
         return Unless(ForbiddenUsage(c) == 0, "it has ",
                       usage::Text(ForbiddenUsage(c)));
       }},
      {{"br_cert_server_ec_signs", "Baseline Requirements section 7.1.2.7.11",
        kError, "keyUsage of a server with an EC key has digitalSignature"},
       [](const C& c) {
         return Unless(!IsServer(c) || c.key.algorithm_oid != oid::kEc ||
                           (c.key_usage.value_or(usage::kDigitalSignature) &
                            usage::kDigitalSignature) != 0,
                       "it is ", usage::Text(c.key_usage.value_or(0)));
       }},
      {{"br_cert_server_alt_name_present",
        "Baseline Requirements section 7.1.2.7.12", kError,
        "subjectAltName of a server has a dNSName or iPAddress"},
       [](const C& c) {
         const auto names = c.alt_names.value_or(std::vector<GeneralName>());
         return Unless(
             !IsServer(c) || std::any_of(names.begin(), names.end(),
                                         [](const GeneralName& name) {
                                           return name.kind ==
                                                      GeneralName::kDns ||
                                                  name.kind == GeneralName::kIp;
                                         }),
             "it has none");
       }},
      {{"br_cert_server_alt_name_kinds",
        "Baseline Requirements section 7.1.2.7.12", kError,
        "subjectAltName of a server has only dNSName and iPAddress"},
       [](const C& c) {
         return EachAltName(c, [](const GeneralName& name) {
           return Unless(
               name.kind == GeneralName::kDns || name.kind == GeneralName::kIp,
               "it has a name of kind [", static_cast<int>(name.kind), "]");
         });
       }},
      {{"br_cert_server_alt_name_critical",
        "Baseline Requirements section 7.1.2.7.12", kError,
        "with a subject, subjectAltName of a server is not critical"},
       [](const C& c) {
         const Extension* names = c.Find(oid::kSubjectAltName);
         return Unless(!IsServer(c) || c.subject_name.empty() ||
                           names == nullptr || !names->critical,
                       "it is critical");
       }},
      {{"br_cert_server_dns_name", "Baseline Requirements section 7.1.2.7.12",
        kError,
        "a dNSName is a domain name of LDH or P-labels, perhaps a wildcard"},
       [](const C& c) { return EachAltName(c, WrongAltName); }},
      {{"br_cert_server_reverse_zone",
        "Baseline Requirements section 7.1.2.7.12", kError,
        "no dNSName is in a reverse zone (from 2026-03-15)"},
       [](const C& c) {
         if (!c.not_before.time || *c.not_before.time < Day(2026, 3, 15)) {
           return std::string();
         }
         return EachAltName(c, [](const GeneralName& name) {
           return Unless(name.kind != GeneralName::kDns ||
                             !IsReverseZone(base::AsText(name.contents)),
                         "it has ", Quoted(name.contents));
         });
       }},
      {{"br_cert_server_address_public",
        "Baseline Requirements section 7.1.2.7.12", kError,
        "no iPAddress is reserved"},
       [](const C& c) {
         return EachAltName(c, [](const GeneralName& name) {
           return Unless(name.kind != GeneralName::kIp ||
                             !IsReservedAddress(name.contents),
                         "it has ", ShortHex(name.contents), " in hexadecimal");
         });
       }},
      {{"br_cert_server_common_name_among",
        "Baseline Requirements section 7.1.4.3", kError,
        "commonName of a server is one of its alternative names"},
       [](const C& c) {
         if (!IsServer(c)) return std::string();
         for (const NameAttribute& a : c.subject_name) {
           if (a.oid == oid::kCommonName && !IsAmongNames(c, a.value)) {
             return absl::StrCat("commonName is ", Quoted(a.value));
           }
         }
         return std::string();
       }},
      {{"br_cert_server_no_common_name",
        "Baseline Requirements section 7.1.2.7.2", kNotice,
        "subject of a server has no commonName (not recommended)"},
       [](const C& c) {
         if (!IsServer(c)) return std::string();
         for (const NameAttribute& a : c.subject_name) {
           if (a.oid == oid::kCommonName) {
             return absl::StrCat("commonName is ", Quoted(a.value));
           }
         }
         return std::string();
       }},
      {{"br_cert_server_no_unit", "Baseline Requirements section 7.1.2.7.4",
        kError, "subject of a server has no organizationalUnitName"},
       [](const C& c) {
         if (!IsServer(c)) return std::string();
         for (const NameAttribute& a : c.subject_name) {
           if (a.oid == oid::kOrganizationalUnit) {
             return absl::StrCat("it is ", Quoted(a.value));
           }
         }
         return std::string();
       }},
  };
}

}  // namespace chancery::policy::lints
