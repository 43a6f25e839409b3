#include "block/template.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_signature.h"

namespace chancery::block {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kMaxCertificates = 4;
constexpr size_t kMaxCertificateSize = 16 << 10;
constexpr size_t kMaxSignatureSize = 1024;
constexpr size_t kTimeSize =
    17;  // GeneralizedTime "YYYYMMDDHHMMSSZ" and header.

// AlgorithmIdentifiers with NULL parameters, as OpenSSL and RFC 6960's examples
// write them.
constexpr uint8_t kSha1Algorithm[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                      0x03, 0x02, 0x1a, 0x05, 0x00};
constexpr uint8_t kSha256Algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x60,
                                        0x86, 0x48, 0x01, 0x65, 0x03,
                                        0x04, 0x02, 0x01, 0x05, 0x00};
// ENUMERATED { successful(0) }.
constexpr uint8_t kSuccessful[] = {0x0a, 0x01, 0x00};
// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
constexpr uint8_t kOcspBasic[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
                                  0x05, 0x07, 0x30, 0x01, 0x01};

size_t HeaderSize(size_t contents) {
  return contents < 0x80      ? 2
         : contents < 0x100   ? 3
         : contents < 0x10000 ? 4
                              : 5;
}
size_t ElementSize(size_t contents) { return HeaderSize(contents) + contents; }

// These write where the caller has made room and return where they stopped.

char* PutHeader(char* at, uint8_t tag, size_t contents) {
  *at++ = static_cast<char>(tag);
  if (contents >= 0x80) {
    const int octets = static_cast<int>(HeaderSize(contents)) - 2;
    *at++ = static_cast<char>(0x80 | octets);
    for (int shift = 8 * (octets - 1); shift > 0; shift -= 8) {
      *at++ = static_cast<char>(contents >> shift);
    }
  }
  *at++ = static_cast<char>(contents);
  return at;
}

char* PutBytes(char* at, base::Bytes bytes) {
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

char* PutText(char* at, const std::string& text) {
  return PutBytes(at, base::AsBytes(text));
}

std::string Element(uint8_t tag, base::Bytes contents) {
  std::string out(ElementSize(contents.size()), '\0');
  PutBytes(PutHeader(out.data(), tag, contents.size()), contents);
  return out;
}

void PutTwo(char* at, uint32_t value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// A GeneralizedTime. Days since 1970 become a civil date by Howard Hinnant's
// algorithm; formatting through a time zone costs ten times the rest of a
// response.
char* PutTime(char* at, absl::Time time) {
  const auto seconds = static_cast<uint64_t>(absl::ToUnixSeconds(time));
  const auto days = static_cast<uint32_t>(seconds / 86400),
             second = static_cast<uint32_t>(seconds % 86400);
  const uint32_t shifted = days + 719468;
  const uint32_t era = shifted / 146097;
  const uint32_t day_of_era = shifted - era * 146097;
  const uint32_t year_of_era = (day_of_era - day_of_era / 1460 +
                                day_of_era / 36524 - day_of_era / 146096) /
                               365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month_index = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const uint32_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  at[0] = 0x18;
  at[1] = 0x0f;
  PutTwo(at + 2, year / 100);
  PutTwo(at + 4, year % 100);
  PutTwo(at + 6, month);
  PutTwo(at + 8, day);
  PutTwo(at + 10, second / 3600);
  PutTwo(at + 12, second / 60 % 60);
  PutTwo(at + 14, second % 60);
  at[16] = 'Z';
  return at + kTimeSize;
}

size_t IntegerContentsSize(base::Bytes magnitude) {
  if (magnitude.empty()) return 1;
  return magnitude.size() + (magnitude[0] >> 7);
}

char* PutInteger(char* at, base::Bytes magnitude) {
  at = PutHeader(at, 0x02, IntegerContentsSize(magnitude));
  if (magnitude.empty() || magnitude[0] >= 0x80) *at++ = '\0';
  return PutBytes(at, magnitude);
}

// Without leading zero octets.
base::Bytes Magnitude(base::Bytes scalar) {
  while (!scalar.empty() && scalar[0] == 0) scalar = scalar.subspan(1);
  return scalar;
}

// Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }  (RFC 5480).
size_t EcdsaContentsSize(base::Bytes r, base::Bytes s) {
  return ElementSize(IntegerContentsSize(r)) +
         ElementSize(IntegerContentsSize(s));
}

// RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime,
//                            revocationReason [0] EXPLICIT CRLReason OPTIONAL }
size_t RevokedContentsSize(const RecordFacts& record) {
  return kTimeSize + (record.reason != 0 ? 5 : 0);
}

size_t StatusSize(const RecordFacts& record) {
  return record.status == RecordStatus::kRevoked
             ? ElementSize(RevokedContentsSize(record))
             : 2;
}

absl::StatusOr<size_t> SignatureSize(const crypto::PublicKey& signer) {
  switch (signer.type()) {
    case crypto::KeyType::kEcP256:
      return 2 * crypto::kP256ScalarSize;
    case crypto::KeyType::kEcP384:
      return 2 * crypto::kP384ScalarSize;
    case crypto::KeyType::kRsa:
      return (signer.bits() + 7) / 8;
    case crypto::KeyType::kEd25519:
      return 64;
    case crypto::KeyType::kEcP521:
      break;
  }
  return absl::UnimplementedError(absl::StrCat("OCSP signer: key type ",
                                               crypto::Name(signer.type()),
                                               " is not supported"));
}

bool IsEcdsa(crypto::SignatureAlgorithm algorithm) {
  return algorithm == crypto::SignatureAlgorithm::kEcdsaSha256 ||
         algorithm == crypto::SignatureAlgorithm::kEcdsaSha384;
}

template <typename Digest>
std::string AsString(const Digest& digest) {
  return base::ToString(digest);
}

}  // namespace

absl::StatusOr<OcspTemplate> OcspTemplate::Create(
    CertIdForm form, base::Bytes issuer_name, const crypto::PublicKey& issuer,
    const crypto::PublicKey& signer, crypto::SignatureAlgorithm algorithm,
    std::vector<std::string> certificates) {
  OcspTemplate made;
  made.form_ = form;
  made.algorithm_ = algorithm;
  ASSIGN_OR_RETURN(made.signature_size_, SignatureSize(signer));
  made.responder_key_hash_ = AsString(signer.KeyHashSha1());
  made.name_sha1_ = AsString(crypto::Sha1(issuer_name));
  made.key_sha1_ = AsString(issuer.KeyHashSha1());
  made.name_sha256_ = AsString(crypto::Sha256(issuer_name));
  made.key_sha256_ = AsString(issuer.KeyHashSha256());
  made.certificates_ = std::move(certificates);
  RETURN_IF_ERROR(made.Finish());
  return made;
}

absl::StatusOr<OcspTemplate> OcspTemplate::Parse(base::Bytes encoded) {
  const absl::Status malformed =
      absl::InvalidArgumentError("OCSP template: malformed");
  wire::Reader in(encoded);
  OcspTemplate made;
  uint8_t format, form, certificates;
  uint16_t signature_size;
  base::Bytes algorithm, bytes;
  if (!in.Int(format) || format != kFormat || !in.Int(form) || form < 1 ||
      form > 3 || !in.Counted<uint8_t>(algorithm) || !in.Int(signature_size) ||
      signature_size == 0 || signature_size > kMaxSignatureSize) {
    return malformed;
  }
  made.form_ = CertIdForm{form};
  made.signature_size_ = signature_size;
  ASSIGN_OR_RETURN(made.algorithm_, crypto::ParseSignatureAlgorithm(algorithm));
  if (IsEcdsa(made.algorithm_) && signature_size != 64 && signature_size != 96)
    return malformed;
  struct Field {
    size_t size;
    std::string* value;
  };
  for (const Field& field :
       {Field{20, &made.responder_key_hash_}, Field{20, &made.name_sha1_},
        Field{20, &made.key_sha1_}, Field{32, &made.name_sha256_},
        Field{32, &made.key_sha256_}}) {
    if (!in.Take(field.size, bytes)) return malformed;
    *field.value = base::ToString(bytes);
  }
  if (!in.Int(certificates) || certificates > kMaxCertificates)
    return malformed;
  for (int i = 0; i < certificates; ++i) {
    if (!in.Counted<uint16_t>(bytes) || bytes.size() > kMaxCertificateSize)
      return malformed;
    made.certificates_.push_back(base::ToString(bytes));
  }
  if (!in.AtEnd()) return malformed;
  RETURN_IF_ERROR(made.Finish());
  return made;
}

absl::Status OcspTemplate::Finish() {
  if (certificates_.size() > kMaxCertificates) {
    return absl::InvalidArgumentError("OCSP template: too many certificates");
  }
  wire::PutInt(encoded_, kFormat);
  wire::PutInt(encoded_, static_cast<uint8_t>(form_));
  wire::PutCounted<uint8_t>(encoded_, crypto::AlgorithmIdentifier(algorithm_));
  wire::PutInt(encoded_, static_cast<uint16_t>(signature_size_));
  encoded_ +=
      responder_key_hash_ + name_sha1_ + key_sha1_ + name_sha256_ + key_sha256_;
  wire::PutInt(encoded_, static_cast<uint8_t>(certificates_.size()));
  std::string certs;
  for (const std::string& der : certificates_) {
    if (der.size() > kMaxCertificateSize) {
      return absl::InvalidArgumentError(
          "OCSP template: a certificate is too large");
    }
    wire::PutCounted<uint16_t>(encoded_, base::AsBytes(der));
    certs += der;
  }
  id_ = crypto::Sha256(base::AsBytes(encoded_));

  const auto cert_id = [](base::Bytes algorithm, const std::string& name,
                          const std::string& key) {
    std::string out = base::ToString(algorithm);
    out += Element(0x04, base::AsBytes(name));
    out += Element(0x04, base::AsBytes(key));
    return out;
  };
  cert_id_sha1_ = cert_id(kSha1Algorithm, name_sha1_, key_sha1_);
  cert_id_sha256_ = cert_id(kSha256Algorithm, name_sha256_, key_sha256_);
  if (!certs.empty()) {
    // certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL.
    const std::string list = Element(0x30, base::AsBytes(certs));
    certs_field_ = Element(0xa0, base::AsBytes(list));
  }
  return absl::OkStatus();
}

base::Bytes OcspTemplate::name_hash(CertIdForm form) const {
  return base::AsBytes(form == CertIdForm::kSha1 ? name_sha1_ : name_sha256_);
}

base::Bytes OcspTemplate::key_hash(CertIdForm form) const {
  return base::AsBytes(form == CertIdForm::kSha1 ? key_sha1_ : key_sha256_);
}

absl::StatusOr<std::string> OcspTemplate::Compact(base::Bytes signature) const {
  if (IsEcdsa(algorithm_))
    return crypto::EcdsaSignatureFromDer(signature, signature_size_ / 2);
  if (signature.size() != signature_size_) {
    return absl::InvalidArgumentError(
        "OCSP signature: its length does not fit the template");
  }
  return base::ToString(signature);
}

std::string OcspTemplate::Expand(base::Bytes compact) const {
  if (!IsEcdsa(algorithm_)) return base::ToString(compact);
  std::string der;
  crypto::AppendEcdsaSignatureDer(compact, der);
  return der;
}

bool OcspTemplate::IsCompact(base::Bytes bytes) const {
  if (bytes.size() != signature_size_) return false;
  // r and s are positive (RFC 5480), and what is written as an INTEGER has an
  // octet.
  const size_t half = signature_size_ / 2;
  return !IsEcdsa(algorithm_) || (!Magnitude(bytes.first(half)).empty() &&
                                  !Magnitude(bytes.subspan(half)).empty());
}

struct OcspTemplate::Layout {
  size_t serial = 0;  // Its element.
  size_t sha1 = 0;    // Contents of each SingleResponse; 0 for none.
  size_t sha256 = 0;
  size_t responses = 0;  // Contents of the SEQUENCE OF SingleResponse.
  size_t tbs = 0;        // Contents of ResponseData.
  char this_update[kTimeSize];
  char next_update[kTimeSize];
};

OcspTemplate::Layout OcspTemplate::LayOut(const RecordFacts& record) const {
  Layout layout;
  PutTime(layout.this_update, record.this_update);
  PutTime(layout.next_update, record.next_update);
  layout.serial = ElementSize(IntegerContentsSize(record.serial));
  const size_t rest = StatusSize(record) + kTimeSize + ElementSize(kTimeSize);
  if (form_ != CertIdForm::kSha256) {
    layout.sha1 = ElementSize(cert_id_sha1_.size() + layout.serial) + rest;
    layout.responses += ElementSize(layout.sha1);
  }
  if (form_ != CertIdForm::kSha1) {
    layout.sha256 = ElementSize(cert_id_sha256_.size() + layout.serial) + rest;
    layout.responses += ElementSize(layout.sha256);
  }
  layout.tbs = ElementSize(ElementSize(responder_key_hash_.size())) +
               kTimeSize + ElementSize(layout.responses);
  return layout;
}

// SingleResponse ::= SEQUENCE {
//   certID      SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash,
//                          serialNumber },
//   certStatus  CHOICE { good [0] IMPLICIT NULL,
//                        revoked [1] IMPLICIT RevokedInfo },
//   thisUpdate  GeneralizedTime,
//   nextUpdate  [0] EXPLICIT GeneralizedTime OPTIONAL }
char* OcspTemplate::PutSingle(const Layout& layout, const RecordFacts& record,
                              CertIdForm form, char* at) const {
  const std::string& prefix = CertIdPrefix(form);
  at = PutHeader(at, 0x30,
                 form == CertIdForm::kSha1 ? layout.sha1 : layout.sha256);
  at = PutHeader(at, 0x30, prefix.size() + layout.serial);
  at = PutText(at, prefix);
  at = PutInteger(at, record.serial);
  if (record.status == RecordStatus::kRevoked) {
    at = PutHeader(at, 0xa1, RevokedContentsSize(record));
    at = PutTime(at, record.revocation_time);
    if (record.reason != 0) {
      at = PutHeader(at, 0xa0, 3);
      at = PutHeader(at, 0x0a, 1);
      *at++ = static_cast<char>(record.reason);
    }
  } else {
    at = PutHeader(at, 0x80, 0);
  }
  at = std::copy_n(layout.this_update, kTimeSize, at);
  at = PutHeader(at, 0xa0, kTimeSize);
  return std::copy_n(layout.next_update, kTimeSize, at);
}

// ResponseData ::= SEQUENCE {
//   responderID  [2] KeyHash,            -- byKey: RFC 9919
//   producedAt   GeneralizedTime,
//   responses    SEQUENCE OF SingleResponse }
char* OcspTemplate::PutTbs(const Layout& layout, const RecordFacts& record,
                           char* at) const {
  at = PutHeader(at, 0x30, layout.tbs);
  at = PutHeader(at, 0xa2, ElementSize(responder_key_hash_.size()));
  at = PutHeader(at, 0x04, responder_key_hash_.size());
  at = PutText(at, responder_key_hash_);
  at = std::copy_n(layout.this_update, kTimeSize, at);
  at = PutHeader(at, 0x30, layout.responses);
  if (layout.sha1 != 0) at = PutSingle(layout, record, CertIdForm::kSha1, at);
  if (layout.sha256 != 0) {
    at = PutSingle(layout, record, CertIdForm::kSha256, at);
  }
  return at;
}

void OcspTemplate::BuildTbs(const RecordFacts& record, std::string& out) const {
  const Layout layout = LayOut(record);
  const size_t start = out.size();
  out.resize(start + ElementSize(layout.tbs));
  PutTbs(layout, record, out.data() + start);
}

// OCSPResponse ::= SEQUENCE {
//   responseStatus ENUMERATED,
//   responseBytes  [0] EXPLICIT SEQUENCE { responseType OID,
//                                          response OCTET STRING } }
// BasicOCSPResponse ::= SEQUENCE {
//   tbsResponseData, signatureAlgorithm, signature BIT STRING,
//   certs [0] OPTIONAL }
void OcspTemplate::Rebuild(const RecordFacts& record, base::Bytes compact,
                           std::string& out) const {
  const Layout layout = LayOut(record);
  const base::Bytes algorithm = crypto::AlgorithmIdentifier(algorithm_);
  const bool ecdsa = IsEcdsa(algorithm_);
  base::Bytes r, s;
  size_t signature = compact.size();
  if (ecdsa) {
    r = Magnitude(compact.first(compact.size() / 2));
    s = Magnitude(compact.subspan(compact.size() / 2));
    signature = ElementSize(EcdsaContentsSize(r, s));
  }
  const size_t basic = ElementSize(layout.tbs) + algorithm.size() +
                       ElementSize(1 + signature) + certs_field_.size();
  const size_t response_bytes =
      sizeof kOcspBasic + ElementSize(ElementSize(basic));
  const size_t total =
      sizeof kSuccessful + ElementSize(ElementSize(response_bytes));
  const size_t start = out.size();
  out.resize(start + ElementSize(total));
  char* at = out.data() + start;
  at = PutHeader(at, 0x30, total);
  at = PutBytes(at, kSuccessful);
  at = PutHeader(at, 0xa0, ElementSize(response_bytes));
  at = PutHeader(at, 0x30, response_bytes);
  at = PutBytes(at, kOcspBasic);
  at = PutHeader(at, 0x04, ElementSize(basic));
  at = PutHeader(at, 0x30, basic);
  at = PutTbs(layout, record, at);
  at = PutBytes(at, algorithm);
  at = PutHeader(at, 0x03, 1 + signature);
  *at++ = '\0';
  if (ecdsa) {
    at = PutHeader(at, 0x30, EcdsaContentsSize(r, s));
    at = PutInteger(at, r);
    at = PutInteger(at, s);
  } else {
    at = PutBytes(at, compact);
  }
  PutText(at, certs_field_);
}

}  // namespace chancery::block
