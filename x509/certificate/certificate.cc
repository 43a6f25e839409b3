#include "x509/certificate/certificate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "der/reader.h"
#include "der/writer.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr size_t kMaxCertificate = 64 << 10;
constexpr size_t kMaxSerial = 20;

absl::Status Malformed(absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat("certificate: malformed ", field));
}

// TBSCertificate ::= SEQUENCE {
//   version [0] v3, serialNumber, signature, issuer,
//   validity SEQUENCE { notBefore, notAfter }, subject, subjectPublicKeyInfo,
//   issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL, extensions [3] }
// The unique identifiers MUST NOT be there (RFC 5280 section 4.1.2.8).
absl::Status ReadTbs(base::Bytes der, base::Bytes algorithm,
                     CertificateFacts& facts, std::string& unknown_critical) {
  der::Reader whole(der), tbs, validity;
  std::optional<base::Bytes> version, extensions;
  base::Bytes serial, inner, issuer, subject, spki;
  if (!whole.ReadSequence(tbs) ||
      !tbs.ReadOptional(der::Explicit(0), version)) {
    return Malformed("version");
  }
  der::Reader number(version.value_or(base::Bytes()));
  int64_t value;
  if (!version.has_value() || !number.ReadInt64(value) || value != 2 ||
      !number.AtEnd()) {
    return Malformed("version: not v3");
  }
  if (!tbs.ReadUnsigned(serial) || serial.empty() ||
      serial.size() > kMaxSerial) {
    return Malformed(
        "serialNumber: 1 to 20 octets, positive (RFC 5280 section 4.1.2.2)");
  }
  if (!tbs.ReadElement(Tag::kSequence, inner) ||
      !base::Equal(inner, algorithm)) {
    return Malformed("signature: differs from signatureAlgorithm");
  }
  if (!tbs.ReadElement(Tag::kSequence, issuer)) return Malformed("issuer");
  if (!tbs.ReadSequence(validity) || !validity.ReadTime(facts.not_before) ||
      !validity.ReadTime(facts.not_after) || !validity.AtEnd()) {
    return Malformed("validity");
  }
  if (!tbs.ReadElement(Tag::kSequence, subject)) return Malformed("subject");
  if (!tbs.ReadElement(Tag::kSequence, spki))
    return Malformed("subjectPublicKeyInfo");
  if (!tbs.ReadOptional(der::Explicit(3), extensions) || !tbs.AtEnd()) {
    return Malformed("extensions");
  }
  facts.serial = base::ToString(serial);
  facts.issuer = base::ToString(issuer);
  facts.subject = base::ToString(subject);
  facts.public_key = base::ToString(spki);
  if (!extensions.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(ParsedExtensions parsed, ParseExtensions(*extensions));
  facts.extensions = std::move(parsed.extensions);
  unknown_critical = std::move(parsed.unknown_critical);
  return absl::OkStatus();
}

}  // namespace

std::string EncodeTbs(const CertificateFacts& facts,
                      crypto::SignatureAlgorithm algorithm) {
  der::Writer out;
  out.AddSequence([&](der::Writer& tbs) {
    tbs.AddNested(der::Explicit(0),
                  [](der::Writer& version) { version.AddInteger(2); });
    tbs.AddUnsigned(base::AsBytes(facts.serial));
    tbs.AddElement(crypto::AlgorithmIdentifier(algorithm));
    tbs.AddElement(facts.issuer);
    tbs.AddSequence([&](der::Writer& validity) {
      validity.AddTime(facts.not_before);
      validity.AddTime(facts.not_after);
    });
    tbs.AddElement(facts.subject);
    tbs.AddElement(facts.public_key);
    tbs.AddNested(der::Explicit(3), [&](der::Writer& tagged) {
      WriteExtensions(tagged, facts.extensions);
    });
  });
  return out.Take();
}

std::string AssembleCertificate(absl::string_view tbs,
                                crypto::SignatureAlgorithm algorithm,
                                base::Bytes signature) {
  der::Writer out;
  out.AddSequence([&](der::Writer& certificate) {
    certificate.AddElement(tbs);
    certificate.AddElement(crypto::AlgorithmIdentifier(algorithm));
    certificate.AddBitString(signature);
  });
  return out.Take();
}

std::optional<base::Bytes> FindPublicKey(base::Bytes der) {
  der::Reader in(der), certificate, tbs;
  std::optional<base::Bytes> version;
  base::Bytes passed, spki;
  if (!in.ReadSequence(certificate) || !certificate.ReadSequence(tbs) ||
      !tbs.ReadOptional(der::Explicit(0), version) ||
      !tbs.Read(Tag::kInteger, passed) ||          // serialNumber
      !tbs.ReadElement(Tag::kSequence, passed) ||  // signature
      !tbs.ReadElement(Tag::kSequence, passed) ||  // issuer
      !tbs.ReadElement(Tag::kSequence, passed) ||  // validity
      !tbs.ReadElement(Tag::kSequence, passed) ||  // subject
      !tbs.ReadElement(Tag::kSequence, spki)) {
    return std::nullopt;
  }
  return spki;
}

absl::StatusOr<std::string> SignCertificate(const CertificateFacts& facts,
                                            const crypto::SigningKey& key) {
  const std::string tbs = EncodeTbs(facts, key.algorithm());
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(base::AsBytes(tbs)));
  RETURN_IF_ERROR(key.public_key().Verify(key.algorithm(), base::AsBytes(tbs),
                                          base::AsBytes(signature)));
  return AssembleCertificate(tbs, key.algorithm(), base::AsBytes(signature));
}

absl::StatusOr<Certificate> Certificate::Read(base::Bytes der) {
  if (der.size() > kMaxCertificate) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate: larger than ", kMaxCertificate, " bytes"));
  }
  der::Reader in(der), outer;
  base::Bytes tbs, algorithm, signature;
  if (!in.ReadSequence(outer) || !in.AtEnd() ||
      !outer.ReadElement(Tag::kSequence, tbs) ||
      !outer.ReadElement(Tag::kSequence, algorithm) ||
      !outer.ReadBitString(signature) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  Certificate certificate;
  certificate.der_ = base::ToString(der);
  certificate.tbs_ = base::ToString(tbs);
  certificate.signature_ = base::ToString(signature);
  ASSIGN_OR_RETURN(certificate.algorithm_,
                   crypto::ParseSignatureAlgorithm(algorithm));
  RETURN_IF_ERROR(ReadTbs(tbs, algorithm, certificate.facts_,
                          certificate.unknown_critical_));
  return certificate;
}

absl::StatusOr<Certificate> Certificate::Parse(base::Bytes der) {
  ASSIGN_OR_RETURN(Certificate certificate, Read(der));
  ASSIGN_OR_RETURN(crypto::PublicKey key,
                   crypto::PublicKey::FromSpki(
                       base::AsBytes(certificate.facts_.public_key)));
  certificate.public_key_ = std::move(key);
  return certificate;
}

absl::StatusOr<Certificate> Certificate::ParseFor(const crypto::PublicKey& key,
                                                  base::Bytes der) {
  ASSIGN_OR_RETURN(Certificate certificate, Read(der));
  const base::Bytes spki = base::AsBytes(certificate.facts_.public_key);
  if (base::Equal(spki, key.spki())) {
    certificate.public_key_ = key;
  } else {
    ASSIGN_OR_RETURN(certificate.public_key_,
                     crypto::PublicKey::FromSpki(spki));
  }
  return certificate;
}

absl::StatusOr<CertificateFacts> ParseCertificateFacts(base::Bytes der) {
  ASSIGN_OR_RETURN(Certificate certificate, Certificate::Read(der));
  return std::move(certificate.facts_);
}

crypto::Sha256Digest Certificate::IssuerId() const {
  return crypto::Sha256Stream()
      .Update(base::AsBytes(facts_.subject))
      .Update(base::AsBytes(facts_.public_key))
      .Finish();
}

absl::Status Certificate::VerifySignedBy(
    const crypto::PublicKey& issuer) const {
  return issuer.Verify(algorithm_, base::AsBytes(tbs_),
                       base::AsBytes(signature_));
}

absl::Status CheckMayIssue(const Certificate& certificate,
                           const Certificate& issuer) {
  const CertificateFacts& child = certificate.facts();
  const CertificateFacts& parent = issuer.facts();
  if (child.issuer != parent.subject) {
    return absl::InvalidArgumentError(
        "certificate: its issuer is not the CA's subject");
  }
  if (!child.extensions.authority_key_identifier.empty() &&
      !parent.extensions.subject_key_identifier.empty() &&
      child.extensions.authority_key_identifier !=
          parent.extensions.subject_key_identifier) {
    return absl::InvalidArgumentError(
        "certificate: it names another key of its issuer");
  }
  if (!parent.extensions.is_ca.value_or(false) ||
      (parent.extensions.key_usage.has_value() &&
       (*parent.extensions.key_usage & kKeyCertSign) == 0)) {
    return absl::InvalidArgumentError("certificate: its issuer is not a CA");
  }
  if (child.extensions.is_ca.value_or(false) &&
      parent.extensions.path_length == 0) {
    return absl::InvalidArgumentError(
        "certificate: a CA, below one whose path length allows none");
  }
  return absl::OkStatus();
}

absl::Status CheckIssuedBy(const Certificate& certificate,
                           const Certificate& issuer) {
  RETURN_IF_ERROR(CheckMayIssue(certificate, issuer));
  if (!certificate.VerifySignedBy(issuer.public_key()).ok()) {
    return absl::InvalidArgumentError(
        "certificate: its signature is not its issuer's");
  }
  return absl::OkStatus();
}

}  // namespace chancery::x509
