#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/utf8.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using der::Tag;
using enum Severity;

// The first attribute of subject or issuer that is wrong.
std::string EachAttribute(
    const C& c, absl::FunctionRef<std::string(const NameAttribute&)> wrong) {
  for (const auto* name : {&c.subject_name, &c.issuer_name}) {
    for (const NameAttribute& attribute : *name) {
      const std::string found = wrong(attribute);
      if (!found.empty()) {
        return absl::StrCat(name == &c.subject_name ? "subject" : "issuer",
                            " attribute ", attribute.oid, " ", found);
      }
    }
  }
  return "";
}

// Upper bounds of appendix A.1, in characters; 0 if there is none.
size_t UpperBound(const std::string& oid) {
  struct Bound {
    const char* oid;
    size_t most;
  };
  static constexpr Bound kBounds[] = {
      {oid::kCommonName, 64},   {oid::kSerialNumber, 64},
      {oid::kLocality, 128},    {oid::kState, 128},
      {oid::kOrganization, 64}, {oid::kOrganizationalUnit, 64},
      {oid::kTitle, 64},        {oid::kEmail, 255}};
  for (const Bound& bound : kBounds) {
    if (oid == bound.oid) return bound.most;
  }
  return 0;
}

size_t Characters(const NameAttribute& attribute) {
  switch (attribute.tag) {
    case Tag::kBmpString:
      return attribute.value.size() / 2;
    case Tag::kUniversalString:
      return attribute.value.size() / 4;
    case Tag::kUtf8String:
      return static_cast<size_t>(
          std::count_if(attribute.value.begin(), attribute.value.end(),
                        [](uint8_t octet) { return (octet & 0xc0) != 0x80; }));
    default:
      return attribute.value.size();
  }
}

bool IsPrintable(uint8_t octet) {
  return absl::ascii_isalnum(octet) ||
         absl::string_view(" '()+,-./:=?").find(static_cast<char>(octet)) !=
             absl::string_view::npos;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = base::Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool IsDirectoryString(const std::string& oid) {
  return oid == oid::kCommonName || oid == oid::kLocality ||
         oid == oid::kState || oid == oid::kOrganization ||
         oid == oid::kOrganizationalUnit || oid == oid::kTitle ||
         oid == oid::kSurname || oid == oid::kGivenName;
}

}  // namespace

CertificateRules Rfc5280CertificateNames() {
  return {
      {{"rfc5280_cert_issuer_not_empty", "RFC 5280 section 4.1.2.4", kError,
        "issuer holds a distinguished name"},
       [](const C& c) {
         return Unless(!c.issuer_name.empty(), "issuer is empty");
       }},
      {{"rfc5280_cert_ca_subject_not_empty", "RFC 5280 section 4.1.2.6", kError,
        "the subject of a CA holds a distinguished name"},
       [](const C& c) {
         return Unless(!c.IsCa() || !c.subject_name.empty(),
                       "subject is empty");
       }},
      {{"rfc5280_cert_name_string_type", "RFC 5280 section 4.1.2.4", kWarning,
        "a DirectoryString is PrintableString or UTF8String (but for names "
        "that were in use before)"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           const bool right = !IsDirectoryString(a.oid) ||
                              a.tag == Tag::kUtf8String ||
                              a.tag == Tag::kPrintableString;
           return Unless(right, "has tag ", static_cast<int>(a.tag));
         });
       }},
      {{"rfc5280_cert_name_printable_type", "RFC 5280 appendix A.1", kError,
        "countryName, serialNumber and dnQualifier are PrintableString"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           const bool must = a.oid == oid::kCountry ||
                             a.oid == oid::kSerialNumber ||
                             a.oid == oid::kDnQualifier;
           return Unless(!must || a.tag == Tag::kPrintableString, "has tag ",
                         static_cast<int>(a.tag));
         });
       }},
      {{"rfc5280_cert_name_ia5_type", "RFC 5280 appendix A.1", kError,
        "emailAddress and domainComponent are IA5String"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           const bool must =
               a.oid == oid::kEmail || a.oid == oid::kDomainComponent;
           return Unless(!must || a.tag == Tag::kIa5String, "has tag ",
                         static_cast<int>(a.tag));
         });
       }},
      {{"rfc5280_cert_name_country_length", "RFC 5280 appendix A.1", kError,
        "countryName has two letters"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           return Unless(a.oid != oid::kCountry || a.value.size() == 2, "is ",
                         Quoted(a.value));
         });
       }},
      {{"rfc5280_cert_name_printable_characters", "RFC 5280 section 4.1.2.4",
        kError, "a PrintableString has only the characters of X.680"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           return Unless(
               a.tag != Tag::kPrintableString ||
                   std::all_of(a.value.begin(), a.value.end(), IsPrintable),
               "is PrintableString ", Quoted(a.value));
         });
       }},
      {{"rfc5280_cert_name_utf8", "RFC 5280 section 4.1.2.4", kError,
        "a UTF8String is UTF-8"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           return Unless(
               a.tag != Tag::kUtf8String || IsUtf8(base::AsText(a.value)),
               "is ", Quoted(a.value));
         });
       }},
      {{"rfc5280_cert_name_length", "RFC 5280 appendix A.1", kError,
        "no attribute is longer than its upper bound"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           const size_t most = UpperBound(a.oid);
           return Unless(most == 0 || Characters(a) <= most, "has ",
                         Characters(a), " characters, more than ", most);
         });
       }},
      {{"rfc5280_cert_name_value_not_empty", "RFC 5280 appendix A.1", kError,
        "no attribute's value is empty"},
       [](const C& c) {
         return EachAttribute(c, [](const NameAttribute& a) -> std::string {
           return Unless(UpperBound(a.oid) == 0 || !a.value.empty(),
                         "is empty");
         });
       }},
      {{"rfc5280_cert_subject_no_email", "RFC 5280 section 4.1.2.6", kNotice,
        "mail addresses are in subjectAltName, not in subject (deprecated)"},
       [](const C& c) {
         for (const NameAttribute& attribute : c.subject_name) {
           if (attribute.oid == oid::kEmail) {
             return absl::StrCat("subject has emailAddress ",
                                 Quoted(attribute.value));
           }
         }
         return std::string();
       }},
  };
}

}  // namespace chancery::policy::lints
