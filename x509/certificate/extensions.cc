#include "x509/certificate/extensions.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "der/reader.h"

namespace chancery::x509 {
namespace {

using der::Tag;

// id-ce.
constexpr char kSubjectKeyIdentifier[] = "2.5.29.14";
constexpr char kSubjectAltName[] = "2.5.29.17";
constexpr char kBasicConstraints[] = "2.5.29.19";
constexpr char kCrlDistributionPoints[] = "2.5.29.31";
constexpr char kAuthorityKeyIdentifier[] = "2.5.29.35";
constexpr char kNameConstraints[] = "2.5.29.30";
constexpr char kCertificatePolicies[] = "2.5.29.32";
// id-pe and id-pkix-ocsp.
constexpr char kAuthorityInfoAccess[] = "1.3.6.1.5.5.7.1.1";
constexpr char kOcspNoCheck[] = "1.3.6.1.5.5.7.48.1.5";
constexpr char kAccessOcsp[] = "1.3.6.1.5.5.7.48.1";
constexpr char kAccessCaIssuers[] = "1.3.6.1.5.5.7.48.2";

absl::Status Malformed(absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat("certificate: malformed ", field));
}

std::string Oid(absl::string_view dotted) { return *der::OidFromText(dotted); }

template <typename Fill>
void AddExtension(der::Writer& out, absl::string_view oid, bool critical,
                  Fill fill) {
  out.AddSequence([&](der::Writer& extension) {
    extension.AddOid(Oid(oid));
    if (critical) extension.AddBool(true);
    extension.AddOctetStringOf(fill);
  });
}

void AddUrl(der::Writer& out, const std::string& url) {
  out.Add(der::Implicit(6), url);
}

void AddPolicyExtensions(der::Writer& list, const Extensions& e) {
  if (e.name_constraints.has_value() && !e.name_constraints->empty()) {
    // RFC 5280 section 4.2.1.10: "Conforming CAs MUST mark this extension as
    // critical".
    AddExtension(list, kNameConstraints, true, [&](der::Writer& value) {
      value.AddElement(EncodeNameConstraints(*e.name_constraints));
    });
  }
  if (!e.policies.empty()) {
    AddExtension(list, kCertificatePolicies, false, [&](der::Writer& value) {
      value.AddElement(EncodeCertificatePolicies(e.policies));
    });
  }
  if (!e.tls_features.empty()) {
    // RFC 7633 section 4.1: Features ::= SEQUENCE OF INTEGER; "SHOULD NOT be
    // marked critical".
    AddExtension(list, kTlsFeatureOid, false, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& features) {
        for (const uint16_t feature : e.tls_features)
          features.AddInteger(feature);
      });
    });
  }
  for (const OtherExtension& other : e.others) {
    AddExtension(list, other.oid, false,
                 [&](der::Writer& value) { value.AddElement(other.value); });
  }
}

void AddAll(der::Writer& list, const Extensions& e) {
  if (e.is_ca.has_value()) {
    AddExtension(list, kBasicConstraints, *e.is_ca, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& constraints) {
        if (*e.is_ca) constraints.AddBool(true);
        if (e.path_length.has_value()) constraints.AddInteger(*e.path_length);
      });
    });
  }
  if (e.key_usage.has_value()) {
    AddExtension(list, kKeyUsageOid, true,
                 [&](der::Writer& value) { value.AddNamedBits(*e.key_usage); });
  }
  if (!e.extended_key_usage.empty()) {
    AddExtension(list, kExtendedKeyUsageOid, false, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& usages) {
        for (const std::string& usage : e.extended_key_usage)
          usages.AddOid(Oid(usage));
      });
    });
  }
  if (!e.subject_key_identifier.empty()) {
    AddExtension(list, kSubjectKeyIdentifier, false, [&](der::Writer& value) {
      value.AddOctetString(base::AsBytes(e.subject_key_identifier));
    });
  }
  if (!e.authority_key_identifier.empty()) {
    AddExtension(list, kAuthorityKeyIdentifier, false, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& identifier) {
        identifier.Add(der::Implicit(0), e.authority_key_identifier);
      });
    });
  }
  if (!e.ocsp_urls.empty() || !e.ca_issuers_urls.empty()) {
    AddExtension(list, kAuthorityInfoAccess, false, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& accesses) {
        const auto add = [&](const char* method, const std::string& url) {
          accesses.AddSequence([&](der::Writer& access) {
            access.AddOid(Oid(method));
            AddUrl(access, url);
          });
        };
        for (const std::string& url : e.ocsp_urls) add(kAccessOcsp, url);
        for (const std::string& url : e.ca_issuers_urls)
          add(kAccessCaIssuers, url);
      });
    });
  }
  if (!e.alt_names.empty()) {
    AddExtension(list, kSubjectAltName, e.alt_names_critical,
                 [&](der::Writer& value) {
                   value.AddElement(EncodeAltNames(e.alt_names));
                 });
  }
  if (!e.crl_urls.empty()) {
    AddExtension(list, kCrlDistributionPoints, false, [&](der::Writer& value) {
      value.AddSequence([&](der::Writer& points) {
        for (const std::string& url : e.crl_urls) {
          points.AddSequence([&](der::Writer& point) {
            point.AddNested(der::Explicit(0), [&](der::Writer& name) {
              name.AddNested(der::ImplicitConstructed(0),
                             [&](der::Writer& full) { AddUrl(full, url); });
            });
          });
        }
      });
    });
  }
  if (e.ocsp_no_check) {
    AddExtension(list, kOcspNoCheck, false,
                 [](der::Writer& value) { value.AddNull(); });
  }
  AddPolicyExtensions(list, e);
}

bool ReadUrls(base::Bytes contents, std::vector<std::string>& urls) {
  der::Reader names(contents);
  while (!names.AtEnd()) {
    Tag tag;
    base::Bytes value;
    if (!names.ReadAny(tag, value)) return false;
    if (tag == der::Implicit(6)) urls.push_back(base::ToString(value));
  }
  return true;
}

bool ReadBasicConstraints(der::Reader in, Extensions& e) {
  der::Reader fields;
  bool is_ca = false;
  if (!in.ReadSequence(fields) || !in.AtEnd() ||
      !fields.ReadDefaultFalse(is_ca))
    return false;
  e.is_ca = is_ca;
  if (fields.AtEnd()) return true;
  int64_t path_length;
  if (!fields.ReadInt64(path_length) || path_length < 0 || path_length > 1000)
    return false;
  e.path_length = static_cast<int>(path_length);
  return is_ca && fields.AtEnd();
}

bool ReadAuthorityKeyIdentifier(der::Reader in, Extensions& e) {
  der::Reader fields;
  std::optional<base::Bytes> identifier;
  if (!in.ReadSequence(fields) || !in.AtEnd() ||
      !fields.ReadOptional(der::Implicit(0), identifier)) {
    return false;
  }
  if (identifier.has_value())
    e.authority_key_identifier = base::ToString(*identifier);
  return true;
}

bool ReadAuthorityInfoAccess(der::Reader in, Extensions& e) {
  der::Reader list;
  if (!in.ReadSequence(list) || !in.AtEnd()) return false;
  while (!list.AtEnd()) {
    der::Reader access;
    base::Bytes method;
    if (!list.ReadSequence(access) || !access.ReadOid(method)) return false;
    const std::string dotted = der::OidToText(method);
    std::vector<std::string> urls;
    if (!ReadUrls(access.rest(), urls)) return false;
    auto& into = dotted == kAccessOcsp ? e.ocsp_urls : e.ca_issuers_urls;
    if (dotted == kAccessOcsp || dotted == kAccessCaIssuers) {
      into.insert(into.end(), urls.begin(), urls.end());
    }
  }
  return true;
}

bool ReadCrlDistributionPoints(der::Reader in, Extensions& e) {
  der::Reader list;
  if (!in.ReadSequence(list) || !in.AtEnd()) return false;
  while (!list.AtEnd()) {
    der::Reader point;
    std::optional<base::Bytes> name, full;
    if (!list.ReadSequence(point) ||
        !point.ReadOptional(der::Explicit(0), name))
      return false;
    if (!name.has_value()) continue;
    der::Reader choice(*name);
    if (!choice.ReadOptional(der::ImplicitConstructed(0), full)) return false;
    if (full.has_value() && !ReadUrls(*full, e.crl_urls)) return false;
  }
  return true;
}

// Puts what was parsed into `field`; false with `detail` if it was malformed.
template <typename Parsed, typename Field>
bool Take(Parsed parsed, Field& field, absl::Status& detail) {
  if (parsed.ok()) {
    field = *std::move(parsed);
    return true;
  }
  detail = parsed.status();
  return false;
}

// One extension's value; false if it is malformed. `known` says whether this
// code understands it.
bool ReadExtensionValue(const std::string& oid, bool critical,
                        base::Bytes contents, Extensions& e, bool& known,
                        absl::Status& detail) {
  const der::Reader in(contents);
  known = true;
  if (oid == kBasicConstraints) return ReadBasicConstraints(in, e);
  if (oid == kKeyUsageOid) {
    return Take(ParseKeyUsage(contents), e.key_usage, detail);
  }
  if (oid == kExtendedKeyUsageOid) {
    return Take(ParseExtendedKeyUsage(contents), e.extended_key_usage, detail);
  }
  if (oid == kSubjectAltName) {
    e.alt_names_critical = critical;
    return Take(ParseAltNames(contents), e.alt_names, detail);
  }
  if (oid == kNameConstraints) {
    return Take(ParseNameConstraints(contents), e.name_constraints, detail);
  }
  if (oid == kCertificatePolicies) {
    return Take(ParseCertificatePolicies(contents), e.policies, detail);
  }
  if (oid == kTlsFeatureOid) {
    return Take(ParseTlsFeatures(contents), e.tls_features, detail);
  }
  if (oid == kSubjectKeyIdentifier) {
    der::Reader value = in;
    base::Bytes identifier;
    if (!value.Read(Tag::kOctetString, identifier) || !value.AtEnd())
      return false;
    e.subject_key_identifier = base::ToString(identifier);
    return true;
  }
  if (oid == kAuthorityKeyIdentifier) return ReadAuthorityKeyIdentifier(in, e);
  if (oid == kAuthorityInfoAccess) return ReadAuthorityInfoAccess(in, e);
  if (oid == kCrlDistributionPoints) return ReadCrlDistributionPoints(in, e);
  if (oid == kOcspNoCheck) {
    der::Reader value = in;
    e.ocsp_no_check = true;
    return value.ReadNull() && value.AtEnd();
  }
  known = false;
  return true;
}

}  // namespace

absl::StatusOr<uint32_t> ParseKeyUsage(base::Bytes der) {
  der::Reader in(der);
  uint32_t mask;
  if (!in.ReadNamedBits(mask) || !in.AtEnd()) {
    return Malformed(absl::StrCat("extension ", kKeyUsageOid));
  }
  return mask;
}

absl::StatusOr<std::vector<std::string>> ParseExtendedKeyUsage(
    base::Bytes der) {
  der::Reader in(der), list;
  std::vector<std::string> usages;
  bool whole = in.ReadSequence(list) && in.AtEnd() && !list.AtEnd();
  while (whole && !list.AtEnd()) {
    base::Bytes oid;
    whole = list.ReadOid(oid);
    if (whole) usages.push_back(der::OidToText(oid));
  }
  if (!whole) {
    return Malformed(absl::StrCat("extension ", kExtendedKeyUsageOid));
  }
  return usages;
}

absl::StatusOr<std::vector<uint16_t>> ParseTlsFeatures(base::Bytes der) {
  der::Reader in(der), list;
  std::vector<uint16_t> features;
  bool whole = in.ReadSequence(list) && in.AtEnd() && !list.AtEnd();
  while (whole && !list.AtEnd()) {
    int64_t feature;
    whole = list.ReadInt64(feature) && feature >= 0 && feature <= 0xffff;
    if (whole) features.push_back(static_cast<uint16_t>(feature));
  }
  if (!whole) return Malformed(absl::StrCat("extension ", kTlsFeatureOid));
  return features;
}

void WriteExtensions(der::Writer& out, const Extensions& extensions) {
  out.AddSequence([&](der::Writer& list) { AddAll(list, extensions); });
}

absl::StatusOr<ParsedExtensions> ParseExtensions(base::Bytes der) {
  der::Reader in(der), list;
  if (!in.ReadSequence(list) || !in.AtEnd() || list.AtEnd()) {
    return Malformed("extensions");
  }
  ParsedExtensions out;
  std::set<std::string> seen;
  while (!list.AtEnd()) {
    der::Reader fields;
    base::Bytes oid, contents;
    bool critical = false, known = false;
    if (!list.ReadSequence(fields) || !fields.ReadOid(oid) ||
        !fields.ReadDefaultFalse(critical) ||
        !fields.Read(Tag::kOctetString, contents) || !fields.AtEnd()) {
      return Malformed("extension");
    }
    const std::string dotted = der::OidToText(oid);
    if (!seen.insert(dotted).second) {
      return Malformed(absl::StrCat("extension ", dotted, ": twice"));
    }
    absl::Status detail;
    if (!ReadExtensionValue(dotted, critical, contents, out.extensions, known,
                            detail)) {
      return detail.ok() ? Malformed(absl::StrCat("extension ", dotted))
                         : detail;
    }
    if (known) continue;
    if (critical) {
      out.unknown_critical = dotted;
    } else if (der::OidFromText(dotted).ok()) {  // Else it has no text.
      out.extensions.others.push_back(
          {.oid = dotted, .value = base::ToString(contents)});
    }
  }
  // Only of a CA does anything follow from them (RFC 5280 section 4.2.1.10).
  if (out.extensions.name_constraints.has_value() &&
      !out.extensions.is_ca.value_or(false)) {
    out.unknown_critical = kNameConstraints;
  }
  return out;
}

}  // namespace chancery::x509
