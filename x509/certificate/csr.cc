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

// The parts of a request, which point into it.
struct Parts {
  base::Bytes info, algorithm, signature;
  base::Bytes subject, spki;
  std::optional<base::Bytes> attributes;
};

// All that it asks for but the key.
struct Asked {
  std::vector<Attribute> subject = {};
  std::vector<AltName> alt_names = {};
  std::vector<RequestedExtension> extensions = {};
};

// Extensions ::= SEQUENCE OF SEQUENCE { OID, critical DEFAULT FALSE, OCTET
// STRING }
absl::Status ReadExtensions(der::Reader list, Asked& asked) {
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
      ASSIGN_OR_RETURN(asked.alt_names, ParseAltNames(value));
    } else {
      asked.extensions.push_back({.oid = std::move(dotted),
                                  .critical = critical,
                                  .value = base::ToString(value)});
    }
  }
  return absl::OkStatus();
}

// attributes [0] IMPLICIT SET OF SEQUENCE { type OID, values SET }
absl::Status ReadAttributes(base::Bytes contents, Asked& asked) {
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
    RETURN_IF_ERROR(ReadExtensions(extensions, asked));
  }
  return absl::OkStatus();
}

// CertificationRequest ::= SEQUENCE { certificationRequestInfo, algorithm,
// signature } CertificationRequestInfo ::= SEQUENCE { version INTEGER (0),
// subject Name,
//   subjectPKInfo, attributes [0] IMPLICIT SET OF Attribute }
absl::StatusOr<Parts> Split(base::Bytes der) {
  if (der.size() > kMaxCsr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "csr: ", der.size(), " bytes; at most ", kMaxCsr, " are allowed"));
  }
  Parts parts;
  der::Reader in(der), outer, info;
  if (!in.ReadSequence(outer) || !in.AtEnd() ||
      !outer.ReadElement(Tag::kSequence, parts.info) ||
      !outer.ReadElement(Tag::kSequence, parts.algorithm) ||
      !outer.ReadBitString(parts.signature) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  der::Reader whole(parts.info);
  int64_t version;
  if (!whole.ReadSequence(info) || !info.ReadInt64(version) || version != 0) {
    return Malformed("version");
  }
  if (!info.ReadElement(Tag::kSequence, parts.subject) ||
      !info.ReadElement(Tag::kSequence, parts.spki) ||
      !info.ReadOptional(der::ImplicitConstructed(0), parts.attributes) ||
      !info.AtEnd()) {
    return Malformed("certificationRequestInfo");
  }
  return parts;
}

absl::StatusOr<Asked> ReadAsked(const Parts& parts) {
  Asked asked;
  ASSIGN_OR_RETURN(asked.subject, ParseName(parts.subject));
  if (parts.attributes.has_value()) {
    RETURN_IF_ERROR(ReadAttributes(*parts.attributes, asked));
  }
  return asked;
}

absl::Status AnyKey(const crypto::PublicKey&) { return absl::OkStatus(); }

}  // namespace

absl::StatusOr<UnprovenCsr> ParseCsrToProve(base::Bytes der,
                                            KeyCheck check_key) {
  ASSIGN_OR_RETURN(const Parts parts, Split(der));
  ASSIGN_OR_RETURN(crypto::PublicKey key,
                   crypto::PublicKey::FromSpki(parts.spki));
  RETURN_IF_ERROR(check_key(key));
  ASSIGN_OR_RETURN(const crypto::SignatureAlgorithm algorithm,
                   crypto::ParseSignatureAlgorithm(parts.algorithm));
  ASSIGN_OR_RETURN(Asked asked, ReadAsked(parts));
  return UnprovenCsr{.csr = {.subject = std::move(asked.subject),
                             .alt_names = std::move(asked.alt_names),
                             .public_key = key,
                             .extensions = std::move(asked.extensions)},
                     .proof = {.key = std::move(key),
                               .algorithm = algorithm,
                               .message = parts.info,
                               .signature = parts.signature}};
}

absl::Status CheckProven(const absl::Status& verified) {
  if (verified.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "csr: its signature does not verify under the key that it asks for");
}

absl::StatusOr<Csr> ParseCsr(base::Bytes der, KeyCheck check_key) {
  ASSIGN_OR_RETURN(UnprovenCsr read, ParseCsrToProve(der, check_key));
  const crypto::SignatureClaim& proof = read.proof;
  RETURN_IF_ERROR(CheckProven(
      proof.key.Verify(proof.algorithm, proof.message, proof.signature)));
  return std::move(read.csr);
}

absl::StatusOr<Csr> ParseCsr(base::Bytes der) { return ParseCsr(der, AnyKey); }

absl::StatusOr<std::vector<AltName>> ParseRequestedNames(base::Bytes der) {
  ASSIGN_OR_RETURN(const Parts parts, Split(der));
  ASSIGN_OR_RETURN(Asked asked, ReadAsked(parts));
  std::vector<AltName> names = std::move(asked.alt_names);
  for (const Attribute& attribute : asked.subject) {
    if (attribute.type == "emailAddress") {
      names.push_back({.kind = AltNameKind::kEmail, .value = attribute.value});
    }
  }
  return names;
}

}  // namespace chancery::x509
