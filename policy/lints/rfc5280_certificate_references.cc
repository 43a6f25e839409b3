#include <algorithm>
#include <set>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

constexpr size_t kMaxExplicitText = 200;
constexpr size_t kMaxDnsName = 253;
constexpr size_t kMaxLabel = 63;

// The first name of the kind that is not right.
std::string EachAltName(const C& c, GeneralName::Kind kind,
                        bool (*right)(Bytes name)) {
  if (!c.alt_names.has_value()) return "";
  for (const GeneralName& name : *c.alt_names) {
    if (name.kind == kind && !right(name.contents)) {
      return absl::StrCat("it has ", kind == GeneralName::kIp
                                         ? ShortHex(name.contents)
                                         : Quoted(name.contents));
    }
  }
  return "";
}

bool IsLabel(absl::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

// The preferred name syntax of RFC 1034 section 3.5 as RFC 1123 section 2.1
// extends it; a wildcard is not RFC 5280's to judge.
bool IsDnsName(Bytes name) {
  absl::string_view text = base::AsText(name);
  if (absl::StartsWith(text, "*.")) text.remove_prefix(2);
  if (text.empty() || text.size() > kMaxDnsName) return false;
  const std::vector<absl::string_view> labels = absl::StrSplit(text, '.');
  return std::all_of(labels.begin(), labels.end(), IsLabel);
}

// Mailbox of RFC 2821 section 4.1.2: local@host, and nothing around it.
bool IsMailbox(Bytes name) {
  const absl::string_view text = base::AsText(name);
  const size_t at = text.rfind('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == text.size()) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '<' && c != '>';
  });
}

bool IsAbsoluteUri(Bytes name) {
  const absl::string_view text = base::AsText(name);
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon + 1 == text.size()) {
    return false;
  }
  const absl::string_view scheme = text.substr(0, colon);
  return !scheme.empty() &&
         absl::ascii_isalpha(static_cast<unsigned char>(scheme[0])) &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '+' || c == '-' || c == '.';
         });
}

bool IsAddress(Bytes name) { return name.size() == 4 || name.size() == 16; }

std::string EachPoint(
    const C& c,
    absl::FunctionRef<std::string(const DistributionPoint&)> wrong) {
  if (!c.crl_points.has_value()) return "";
  for (const DistributionPoint& point : *c.crl_points) {
    const std::string found = wrong(point);
    if (!found.empty()) return found;
  }
  return "";
}

std::string RepeatedPolicy(const std::vector<PolicyInformation>& policies) {
  std::set<absl::string_view> seen;
  for (const PolicyInformation& policy : policies) {
    if (!seen.insert(policy.oid).second) return policy.oid;
  }
  return "";
}

std::string EachText(
    const C& c,
    absl::FunctionRef<std::string(const PolicyInformation::Text&)> wrong) {
  if (!c.policies.has_value()) return "";
  for (const PolicyInformation& policy : *c.policies) {
    for (const PolicyInformation::Text& text : policy.texts) {
      const std::string found = wrong(text);
      if (!found.empty()) {
        return absl::StrCat("explicitText of ", policy.oid, " ", found);
      }
    }
  }
  return "";
}

size_t Characters(const PolicyInformation::Text& text) {
  if (text.tag == der::Tag::kBmpString) return text.contents.size() / 2;
  if (text.tag != der::Tag::kUtf8String) return text.contents.size();
  return static_cast<size_t>(
      std::count_if(text.contents.begin(), text.contents.end(),
                    [](uint8_t octet) { return (octet & 0xc0) != 0x80; }));
}

}  // namespace

CertificateRules Rfc5280CertificateReferences() {
  return {
      {{"rfc5280_cert_policy_once", "RFC 5280 section 4.2.1.4", kError,
        "no certificate policy is there twice"},
       [](const C& c) {
         if (!c.policies.has_value()) return std::string();
         const std::string repeated = RepeatedPolicy(*c.policies);
         return Unless(repeated.empty(), "policy ", repeated,
                       " is there twice");
       }},
      {{"rfc5280_cert_explicit_text_type",
        "RFC 5280 section 4.2.1.4, as RFC 6818 section 3 has it", kError,
        "explicitText is not IA5String"},
       [](const C& c) {
         return EachText(c, [](const PolicyInformation::Text& text) {
           return Unless(text.tag != der::Tag::kIa5String, "is IA5String ",
                         Quoted(text.contents));
         });
       }},
      {{"rfc5280_cert_explicit_text_length", "RFC 5280 section 4.2.1.4",
        kWarning, "explicitText has at most 200 characters"},
       [](const C& c) {
         return EachText(c, [](const PolicyInformation::Text& text) {
           return Unless(Characters(text) <= kMaxExplicitText, "has ",
                         Characters(text), " characters");
         });
       }},
      {{"rfc5280_cert_mapping_not_any_policy", "RFC 5280 section 4.2.1.5",
        kError, "anyPolicy is mapped to and from nothing"},
       [](const C& c) {
         if (!c.policy_mappings.has_value()) return std::string();
         for (const PolicyMapping& mapping : *c.policy_mappings) {
           if (mapping.issuer == oid::kAnyPolicy ||
               mapping.subject == oid::kAnyPolicy) {
             return absl::StrCat("it maps ", mapping.issuer, " to ",
                                 mapping.subject);
           }
         }
         return std::string();
       }},
      {{"rfc5280_cert_mappings_critical", "RFC 5280 section 4.2.1.5", kWarning,
        "policyMappings is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kPolicyMappings); }},
      {{"rfc5280_cert_alt_name_not_empty", "RFC 5280 section 4.2.1.6", kError,
        "subjectAltName holds at least one name"},
       [](const C& c) {
         return Unless(!c.alt_names.has_value() || !c.alt_names->empty(),
                       "it is empty");
       }},
      {{"rfc5280_cert_alt_name_of_empty_subject", "RFC 5280 section 4.2.1.6",
        kError, "with an empty subject, subjectAltName is there and critical"},
       [](const C& c) {
         const Extension* names = c.Find(oid::kSubjectAltName);
         return Unless(!c.subject_name.empty() || c.IsCa() ||
                           (names != nullptr && names->critical),
                       "subject is empty, and subjectAltName ",
                       names == nullptr ? "absent" : "not critical");
       }},
      {{"rfc5280_cert_alt_name_not_critical", "RFC 5280 section 4.2.1.6",
        kWarning, "with a subject, subjectAltName is not critical"},
       [](const C& c) {
         return c.subject_name.empty()
                    ? std::string()
                    : MustNotBeCritical(c, oid::kSubjectAltName);
       }},
      {{"rfc5280_cert_alt_name_dns", "RFC 5280 section 4.2.1.6", kError,
        "a dNSName is in preferred name syntax"},
       [](const C& c) { return EachAltName(c, GeneralName::kDns, IsDnsName); }},
      {{"rfc5280_cert_alt_name_email", "RFC 5280 section 4.2.1.6", kError,
        "an rfc822Name is a mailbox: local@host"},
       [](const C& c) {
         return EachAltName(c, GeneralName::kEmail, IsMailbox);
       }},
      {{"rfc5280_cert_alt_name_uri", "RFC 5280 section 4.2.1.6", kError,
        "a uniformResourceIdentifier is not relative"},
       [](const C& c) {
         return EachAltName(c, GeneralName::kUri, IsAbsoluteUri);
       }},
      {{"rfc5280_cert_alt_name_ip", "RFC 5280 section 4.2.1.6", kError,
        "an iPAddress has 4 or 16 octets"},
       [](const C& c) { return EachAltName(c, GeneralName::kIp, IsAddress); }},
      {{"rfc5280_cert_issuer_alt_name_not_critical", "RFC 5280 section 4.2.1.7",
        kWarning, "issuerAltName is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kIssuerAltName); }},
      {{"rfc5280_cert_directory_attributes_not_critical",
        "RFC 5280 section 4.2.1.8", kError,
        "subjectDirectoryAttributes is not critical"},
       [](const C& c) {
         return MustNotBeCritical(c, oid::kSubjectDirectoryAttributes);
       }},
      {{"rfc5280_cert_crl_point_complete", "RFC 5280 section 4.2.1.13", kError,
        "a DistributionPoint has a name or a cRLIssuer, not only reasons"},
       [](const C& c) {
         return EachPoint(c, [](const DistributionPoint& point) {
           return Unless(point.name.has_value() || point.has_issuer,
                         "it has neither name nor cRLIssuer");
         });
       }},
      {{"rfc5280_cert_crl_points_not_critical", "RFC 5280 section 4.2.1.13",
        kWarning, "cRLDistributionPoints is not critical"},
       [](const C& c) {
         return MustNotBeCritical(c, oid::kCrlDistributionPoints);
       }},
      {{"rfc5280_cert_freshest_crl_not_critical", "RFC 5280 section 4.2.1.15",
        kError, "freshestCRL is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kFreshestCrl); }},
      {{"rfc5280_cert_info_access_not_critical", "RFC 5280 section 4.2.2.1",
        kError, "authorityInfoAccess is not critical"},
       [](const C& c) {
         return MustNotBeCritical(c, oid::kAuthorityInfoAccess);
       }},
      {{"rfc5280_cert_subject_access_not_critical", "RFC 5280 section 4.2.2.2",
        kError, "subjectInfoAccess is not critical"},
       [](const C& c) {
         return MustNotBeCritical(c, oid::kSubjectInfoAccess);
       }},
  };
}

}  // namespace chancery::policy::lints
