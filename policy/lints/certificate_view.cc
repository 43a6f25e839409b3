#include "policy/lints/certificate_view.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "der/oid.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using der::Reader;
using der::Tag;

bool Read(Bytes value, BasicConstraints& out) {
  Reader in(value), fields;
  // BasicConstraints ::= SEQUENCE {
  //   cA                 BOOLEAN DEFAULT FALSE,
  //   pathLenConstraint  INTEGER (0..MAX) OPTIONAL }
  return in.ReadSequence(fields) && in.AtEnd() &&
         fields.ReadDefaultFalse(out.is_ca) &&
         fields.ReadOptional(Tag::kInteger, out.path_length) && fields.AtEnd();
}

// Trailing zero bits are a matter of style here.
bool Read(Bytes value, uint32_t& out) {
  Reader in(value);
  Bytes octets;
  uint8_t unused = 0;
  if (!in.ReadBitString(octets, unused) || !in.AtEnd() || octets.size() > 2) {
    return false;
  }
  for (size_t bit = 0; bit < 8 * octets.size(); ++bit) {
    if (octets[bit / 8] & 0x80 >> bit % 8) out |= uint32_t{1} << bit;
  }
  return true;
}

bool Read(Bytes value, std::vector<std::string>& out) {
  Reader in(value), fields;
  // ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId
  if (!in.ReadSequence(fields) || !in.AtEnd()) return false;
  while (!fields.AtEnd()) {
    Bytes oid;
    if (!fields.ReadOid(oid)) return false;
    out.push_back(der::OidToText(oid));
  }
  return true;
}

bool Read(Bytes value, std::vector<GeneralName>& out) {
  Reader in(value), fields;
  return in.ReadSequence(fields) && in.AtEnd() &&
         ReadGeneralNames(fields.rest(), out);
}

bool Read(Bytes value, AuthorityKeyId& out) {
  const auto read = ReadAuthorityKeyId(value);
  if (read.has_value()) out = *read;
  return read.has_value();
}

bool Read(Bytes value, Bytes& out) {
  Reader in(value);
  return in.Read(Tag::kOctetString, out) && in.AtEnd();
}

bool Read(Bytes value, std::vector<DistributionPoint>& out) {
  Reader in(value), points;
  if (!in.ReadSequence(points) || !in.AtEnd()) return false;
  while (!points.AtEnd()) {
    // DistributionPoint ::= SEQUENCE {
    //   distributionPoint  [0] DistributionPointName OPTIONAL,
    //   reasons            [1] ReasonFlags OPTIONAL,
    //   cRLIssuer          [2] GeneralNames OPTIONAL }
    Reader fields;
    std::optional<Bytes> name, reasons, issuer;
    if (!points.ReadSequence(fields) ||
        !fields.ReadOptional(der::Explicit(0), name) ||
        !fields.ReadOptional(der::Implicit(1), reasons) ||
        !fields.ReadOptional(der::ImplicitConstructed(2), issuer) ||
        !fields.AtEnd()) {
      return false;
    }
    DistributionPoint point;
    point.has_reasons = reasons.has_value();
    point.has_issuer = issuer.has_value();
    if (name.has_value() && !ReadPointName(*name, point.name.emplace())) {
      return false;
    }
    out.push_back(std::move(point));
  }
  return true;
}

bool Read(Bytes value, std::vector<AccessDescription>& out) {
  Reader in(value), all;
  if (!in.ReadSequence(all) || !in.AtEnd()) return false;
  while (!all.AtEnd()) {
    Reader fields;
    Bytes method;
    AccessDescription description;
    if (!all.ReadSequence(fields) || !fields.ReadOid(method) ||
        !ReadGeneralName(fields, description.location) || !fields.AtEnd()) {
      return false;
    }
    description.method = der::OidToText(method);
    out.push_back(std::move(description));
  }
  return true;
}

// UserNotice ::= SEQUENCE {
//   noticeRef     NoticeReference OPTIONAL,
//   explicitText  DisplayText OPTIONAL }
void ReadNotice(Reader notice, PolicyInformation& out) {
  Bytes reference;
  PolicyInformation::Text text;
  if (notice.PeekTag() == Tag::kSequence &&
      !notice.Read(Tag::kSequence, reference)) {
    return;
  }
  if (notice.ReadAny(text.tag, text.contents)) out.texts.push_back(text);
}

bool ReadQualifiers(Reader all, PolicyInformation& out) {
  while (!all.AtEnd()) {
    Reader fields, notice;
    Bytes oid;
    if (!all.ReadSequence(fields) || !fields.ReadOid(oid)) return false;
    if (der::OidToText(oid) == "1.3.6.1.5.5.7.2.2" &&
        fields.ReadSequence(notice)) {
      ReadNotice(notice, out);
    }
  }
  return true;
}

bool Read(Bytes value, std::vector<PolicyInformation>& out) {
  Reader in(value), all;
  if (!in.ReadSequence(all) || !in.AtEnd()) return false;
  while (!all.AtEnd()) {
    // PolicyInformation ::= SEQUENCE {
    //   policyIdentifier  CertPolicyId,
    //   policyQualifiers  SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo
    //                     OPTIONAL }
    Reader fields, qualifiers;
    Bytes oid;
    PolicyInformation policy;
    if (!all.ReadSequence(fields) || !fields.ReadOid(oid)) return false;
    policy.oid = der::OidToText(oid);
    policy.has_qualifiers = !fields.AtEnd();
    if (policy.has_qualifiers &&
        (!fields.ReadSequence(qualifiers) || !fields.AtEnd() ||
         !ReadQualifiers(qualifiers, policy))) {
      return false;
    }
    out.push_back(std::move(policy));
  }
  return true;
}

bool Read(Bytes value, std::vector<PolicyMapping>& out) {
  Reader in(value), all;
  if (!in.ReadSequence(all) || !in.AtEnd()) return false;
  while (!all.AtEnd()) {
    Reader fields;
    Bytes issuer, subject;
    if (!all.ReadSequence(fields) || !fields.ReadOid(issuer) ||
        !fields.ReadOid(subject) || !fields.AtEnd()) {
      return false;
    }
    out.push_back(
        {.issuer = der::OidToText(issuer), .subject = der::OidToText(subject)});
  }
  return true;
}

bool ReadSubtrees(Bytes contents, NameConstraints& out) {
  Reader in(contents);
  while (!in.AtEnd()) {
    // GeneralSubtree ::= SEQUENCE {
    //   base     GeneralName,
    //   minimum  [0] BaseDistance DEFAULT 0,
    //   maximum  [1] BaseDistance OPTIONAL }
    Reader fields;
    NameConstraints::Subtree subtree;
    if (!in.ReadSequence(fields) || !ReadGeneralName(fields, subtree.base)) {
      return false;
    }
    subtree.has_bounds = !fields.AtEnd();
    out.subtrees.push_back(subtree);
  }
  return true;
}

bool Read(Bytes value, NameConstraints& out) {
  Reader in(value), fields;
  std::optional<Bytes> permitted, excluded;
  return in.ReadSequence(fields) && in.AtEnd() &&
         fields.ReadOptional(der::ImplicitConstructed(0), permitted) &&
         fields.ReadOptional(der::ImplicitConstructed(1), excluded) &&
         fields.AtEnd() &&
         (!permitted.has_value() || ReadSubtrees(*permitted, out)) &&
         (!excluded.has_value() || ReadSubtrees(*excluded, out));
}

bool Read(Bytes value, bool& policy_constraints_empty) {
  Reader in(value), fields;
  std::optional<Bytes> require, inhibit;
  policy_constraints_empty = true;
  if (!in.ReadSequence(fields) || !in.AtEnd() ||
      !fields.ReadOptional(der::Implicit(0), require) ||
      !fields.ReadOptional(der::Implicit(1), inhibit) || !fields.AtEnd()) {
    return false;
  }
  policy_constraints_empty = !require.has_value() && !inhibit.has_value();
  return true;
}

template <typename T>
void Take(CertificateView& view, const char* oid, std::optional<T>& out) {
  const Extension* extension = view.Find(oid);
  if (extension == nullptr) return;
  T value{};
  if (Read(extension->value, value)) {
    out = std::move(value);
  } else {
    view.malformed.push_back(oid);
  }
}

void ReadKnownExtensions(CertificateView& view) {
  Take(view, oid::kBasicConstraints, view.basic_constraints);
  Take(view, oid::kKeyUsage, view.key_usage);
  Take(view, oid::kExtendedKeyUsage, view.extended_key_usage);
  Take(view, oid::kSubjectAltName, view.alt_names);
  Take(view, oid::kAuthorityKeyId, view.authority_key_id);
  Take(view, oid::kSubjectKeyId, view.subject_key_id);
  Take(view, oid::kCrlDistributionPoints, view.crl_points);
  Take(view, oid::kAuthorityInfoAccess, view.access);
  Take(view, oid::kCertificatePolicies, view.policies);
  Take(view, oid::kPolicyMappings, view.policy_mappings);
  Take(view, oid::kNameConstraints, view.name_constraints);
  Take(view, oid::kPolicyConstraints, view.policy_constraints_empty);
}

bool ReadKey(Bytes spki, SubjectKey& key) {
  Reader in(spki), outer, algorithm, numbers;
  Bytes oid, modulus, exponent;
  // SubjectPublicKeyInfo ::= SEQUENCE {
  //   algorithm         AlgorithmIdentifier,
  //   subjectPublicKey  BIT STRING }
  if (!in.ReadSequence(outer) ||
      !outer.ReadElement(Tag::kSequence, key.algorithm) ||
      !outer.ReadBitString(key.key) || !outer.AtEnd() ||
      !Reader(key.algorithm).ReadSequence(algorithm) ||
      !algorithm.ReadOid(oid)) {
    return false;
  }
  key.algorithm_oid = der::OidToText(oid);
  if (key.algorithm_oid != oid::kRsa) return true;
  // RSAPublicKey ::= SEQUENCE {
  //   modulus         INTEGER,
  //   publicExponent  INTEGER }
  if (!Reader(key.key).ReadSequence(numbers) ||
      !numbers.ReadUnsigned(modulus) || !numbers.ReadUnsigned(exponent)) {
    return false;
  }
  key.modulus = modulus;
  key.exponent = exponent;
  return true;
}

absl::Status ReadTbs(Reader tbs, CertificateView& view) {
  // version         [0]  EXPLICIT Version DEFAULT v1,
  std::optional<Bytes> version;
  if (!tbs.ReadOptional(der::Explicit(0), version)) return Malformed("version");
  view.has_version = version.has_value();
  if (view.has_version && !Reader(*version).ReadInt64(view.version)) {
    return Malformed("version");
  }
  // serialNumber         CertificateSerialNumber,
  if (!tbs.Read(Tag::kInteger, view.serial)) return Malformed("serialNumber");
  // signature            AlgorithmIdentifier,
  if (!tbs.ReadElement(Tag::kSequence, view.inner_algorithm)) {
    return Malformed("signature");
  }
  // issuer               Name,
  if (!tbs.ReadElement(Tag::kSequence, view.issuer) ||
      !ReadName(view.issuer, view.issuer_name)) {
    return Malformed("issuer");
  }
  // validity             Validity,
  Reader validity;
  if (!tbs.ReadSequence(validity) ||
      !ReadTimeField(validity, view.not_before) ||
      !ReadTimeField(validity, view.not_after) || !validity.AtEnd()) {
    return Malformed("validity");
  }
  // subject              Name,
  if (!tbs.ReadElement(Tag::kSequence, view.subject) ||
      !ReadName(view.subject, view.subject_name)) {
    return Malformed("subject");
  }
  // subjectPublicKeyInfo SubjectPublicKeyInfo,
  if (!tbs.ReadElement(Tag::kSequence, view.spki) ||
      !ReadKey(view.spki, view.key)) {
    return Malformed("subjectPublicKeyInfo");
  }
  // issuerUniqueID  [1]  IMPLICIT UniqueIdentifier OPTIONAL,
  // subjectUniqueID [2]  IMPLICIT UniqueIdentifier OPTIONAL,
  // extensions      [3]  EXPLICIT Extensions OPTIONAL
  std::optional<Bytes> issuer_id, subject_id, extensions;
  if (!tbs.ReadOptional(der::Implicit(1), issuer_id) ||
      !tbs.ReadOptional(der::Implicit(2), subject_id) ||
      !tbs.ReadOptional(der::Explicit(3), extensions) || !tbs.AtEnd()) {
    return Malformed("tbsCertificate");
  }
  view.has_issuer_unique_id = issuer_id.has_value();
  view.has_subject_unique_id = subject_id.has_value();
  view.has_extensions = extensions.has_value();
  if (!view.has_extensions) return absl::OkStatus();
  if (!ReadWrappedExtensions(*extensions, view.extensions)) {
    return Malformed("extensions");
  }
  return absl::OkStatus();
}

}  // namespace

bool CertificateView::IsSelfIssued() const {
  return base::Equal(issuer, subject);
}

bool CertificateView::HasUsage(absl::string_view oid) const {
  return extended_key_usage.has_value() &&
         std::find(extended_key_usage->begin(), extended_key_usage->end(),
                   oid) != extended_key_usage->end();
}

absl::StatusOr<CertificateView> ReadCertificateView(Bytes der) {
  CertificateView view;
  view.der = der;
  Reader in(der), outer, tbs;
  // Certificate ::= SEQUENCE {
  if (!in.ReadSequence(outer) || !in.AtEnd()) return Malformed("Certificate");
  //   tbsCertificate      TBSCertificate,
  if (!outer.ReadSequence(tbs)) return Malformed("tbsCertificate");
  if (const absl::Status read = ReadTbs(tbs, view); !read.ok()) return read;
  //   signatureAlgorithm  AlgorithmIdentifier,
  if (!outer.ReadElement(Tag::kSequence, view.outer_algorithm)) {
    return Malformed("signatureAlgorithm");
  }
  //   signatureValue      BIT STRING }
  if (!outer.Read(Tag::kBitString, view.signature) || !outer.AtEnd()) {
    return Malformed("signatureValue");
  }
  ReadKnownExtensions(view);
  return view;
}

}  // namespace chancery::policy::lints
