#include "x509/certificate/csr.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/signature_algorithm.h"
#include "der/oid.h"
#include "der/reader.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr char kExtensionRequest[] = "1.2.840.113549.1.9.14";
constexpr char kSubjectAltName[] = "2.5.29.17";

absl::Status Malformed(const char* field) {
  return absl::InvalidArgumentError(absl::StrCat("csr: malformed ", field));
}

// Extensions ::= SEQUENCE OF SEQUENCE { OID, critical DEFAULT FALSE, OCTET
// STRING }
absl::Status ReadExtensions(der::Reader list, Csr& csr) {
  std::set<std::string> seen;
  size_t count = 0;
  for (der::Reader rest = list; !rest.AtEnd(); ++count) {
    der::Reader fields;
    if (!rest.ReadSequence(fields)) return Malformed("extensionRequest");
  }
  if (count > kMaxCsrExtensions) {
    return absl::InvalidArgumentError(
        absl::StrCat("csr: extensionRequest: ", count, " extensions; at most ",
                     kMaxCsrExtensions, " are allowed"));
  }
  while (!list.AtEnd()) {
    der::Reader fields;
    base::Bytes oid, value;
    bool critical;
    if (!list.ReadSequence(fields) || !fields.ReadOid(oid) ||
        !fields.ReadDefaultFalse(critical) ||
        !fields.Read(Tag::kOctetString, value) || !fields.AtEnd()) {
      return Malformed("extensionRequest");
    }
    std::string dotted = der::OidToText(oid);
    if (!seen.insert(dotted).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("csr: extensionRequest: ",
                       dotted == kSubjectAltName ? "subjectAltName" : dotted,
                       " twice (RFC 5280 section 4.2)"));
    }
    if (dotted == kSubjectAltName) {
      ASSIGN_OR_RETURN(csr.alt_names, ParseAltNames(value));
    } else {
      csr.extensions.push_back({.oid = std::move(dotted),
                                .critical = critical,
                                .value = base::ToString(value)});
    }
  }
  return absl::OkStatus();
}

// attributes [0] IMPLICIT SET OF SEQUENCE { type OID, values SET }
absl::Status ReadAttributes(base::Bytes contents, Csr& csr) {
  der::Reader attributes(contents);
  bool seen = false;
  while (!attributes.AtEnd()) {
    der::Reader attribute, values, extensions;
    base::Bytes type;
    if (!attributes.ReadSequence(attribute) || !attribute.ReadOid(type) ||
        !attribute.ReadNested(Tag::kSet, values) || !attribute.AtEnd()) {
      return Malformed("attributes");
    }
    if (der::OidToText(type) != kExtensionRequest) continue;
    if (seen || !values.ReadSequence(extensions) || !values.AtEnd()) {
      return Malformed("extensionRequest");
    }
    seen = true;
    RETURN_IF_ERROR(ReadExtensions(extensions, csr));
  }
  return absl::OkStatus();
}

// CertificationRequest ::= SEQUENCE { certificationRequestInfo, algorithm,
// signature } CertificationRequestInfo ::= SEQUENCE { version INTEGER (0),
// subject Name,
//   subjectPKInfo, attributes [0] IMPLICIT SET OF Attribute }
absl::StatusOr<Csr> Parse(base::Bytes der, KeyCheck check_key, bool verify) {
  if (der.size() > kMaxCsr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "csr: ", der.size(), " bytes; at most ", kMaxCsr, " are allowed"));
  }
  der::Reader in(der), outer, info;
  base::Bytes info_element, algorithm, signature, subject, spki;
  if (!in.ReadSequence(outer) || !in.AtEnd() ||
      !outer.ReadElement(Tag::kSequence, info_element) ||
      !outer.ReadElement(Tag::kSequence, algorithm) ||
      !outer.ReadBitString(signature) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  der::Reader whole(info_element);
  int64_t version;
  std::optional<base::Bytes> attributes;
  if (!whole.ReadSequence(info) || !info.ReadInt64(version) || version != 0) {
    return Malformed("version");
  }
  if (!info.ReadElement(Tag::kSequence, subject) ||
      !info.ReadElement(Tag::kSequence, spki) ||
      !info.ReadOptional(der::ImplicitConstructed(0), attributes) ||
      !info.AtEnd()) {
    return Malformed("certificationRequestInfo");
  }
  ASSIGN_OR_RETURN(crypto::PublicKey key, crypto::PublicKey::FromSpki(spki));
  RETURN_IF_ERROR(check_key(key));
  ASSIGN_OR_RETURN(const crypto::SignatureAlgorithm scheme,
                   crypto::ParseSignatureAlgorithm(algorithm));
  if (verify && !key.Verify(scheme, info_element, signature).ok()) {
    return absl::InvalidArgumentError(
        "csr: its signature does not verify under the key that it asks for");
  }
  ASSIGN_OR_RETURN(std::vector<Attribute> names, ParseName(subject));
  Csr csr{.subject = std::move(names),
          .alt_names = {},
          .public_key = std::move(key),
          .extensions = {}};
  if (attributes.has_value()) RETURN_IF_ERROR(ReadAttributes(*attributes, csr));
  return csr;
}

absl::Status AnyKey(const crypto::PublicKey&) { return absl::OkStatus(); }

}  // namespace

absl::StatusOr<Csr> ParseCsr(base::Bytes der, KeyCheck check_key) {
  return Parse(der, check_key, true);
}

absl::StatusOr<Csr> ParseCsr(base::Bytes der) {
  return Parse(der, AnyKey, true);
}

absl::StatusOr<Csr> ParseCsrUnverified(base::Bytes der) {
  return Parse(der, AnyKey, false);
}

std::vector<AltName> RequestedNames(const Csr& csr) {
  std::vector<AltName> names = csr.alt_names;
  for (const Attribute& attribute : csr.subject) {
    if (attribute.type == "emailAddress") {
      names.push_back({.kind = AltNameKind::kEmail, .value = attribute.value});
    }
  }
  return names;
}

}  // namespace chancery::x509
