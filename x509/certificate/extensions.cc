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
constexpr char kKeyUsageOid[] = "2.5.29.15";
constexpr char kSubjectAltName[] = "2.5.29.17";
constexpr char kBasicConstraints[] = "2.5.29.19";
constexpr char kCrlDistributionPoints[] = "2.5.29.31";
constexpr char kAuthorityKeyIdentifier[] = "2.5.29.35";
constexpr char kExtendedKeyUsage[] = "2.5.29.37";
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
    AddExtension(list, kExtendedKeyUsage, false, [&](der::Writer& value) {
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

bool ReadExtendedKeyUsage(der::Reader in, Extensions& e) {
  der::Reader list;
  if (!in.ReadSequence(list) || !in.AtEnd() || list.AtEnd()) return false;
  while (!list.AtEnd()) {
    base::Bytes oid;
    if (!list.ReadOid(oid)) return false;
    e.extended_key_usage.push_back(der::OidToText(oid));
  }
  return true;
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

// One extension's value; false if it is malformed. `known` says whether this
// code understands it.
bool ReadExtensionValue(const std::string& oid, bool critical,
                        base::Bytes contents, Extensions& e, bool& known,
                        absl::Status& detail) {
  const der::Reader in(contents);
  known = true;
  if (oid == kBasicConstraints) return ReadBasicConstraints(in, e);
  if (oid == kKeyUsageOid) {
    der::Reader bits = in;
    uint32_t mask;
    if (!bits.ReadNamedBits(mask) || !bits.AtEnd()) return false;
    e.key_usage = mask;
    return true;
  }
  if (oid == kExtendedKeyUsage) return ReadExtendedKeyUsage(in, e);
  if (oid == kSubjectAltName) {
    auto names = ParseAltNames(contents);
    if (!names.ok()) {
      detail = names.status();
      return false;
    }
    e.alt_names = *std::move(names);
    e.alt_names_critical = critical;
    return true;
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
    absl::Status detail = Malformed(absl::StrCat("extension ", dotted));
    if (!ReadExtensionValue(dotted, critical, contents, out.extensions, known,
                            detail)) {
      return detail;
    }
    if (critical && !known) out.unknown_critical = dotted;
  }
  return out;
}

}  // namespace chancery::x509
