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

void PutHeader(std::string& out, uint8_t tag, size_t contents) {
  out.push_back(static_cast<char>(tag));
  if (contents < 0x80) {
    out.push_back(static_cast<char>(contents));
    return;
  }
  const int octets = contents < 0x100 ? 1 : contents < 0x10000 ? 2 : 3;
  out.push_back(static_cast<char>(0x80 | octets));
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(contents >> shift));
  }
}

void PutElement(std::string& out, uint8_t tag, base::Bytes contents) {
  PutHeader(out, tag, contents.size());
  base::Append(out, contents);
}

// Days since 1970 to a civil date, by Howard Hinnant's algorithm; formatting
// through a time zone costs ten times the rest of a response.
void PutTwo(char* at, int64_t value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

void PutTime(std::string& out, absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  const int64_t days = seconds / 86400, second = seconds % 86400;
  const int64_t shifted = days + 719468;
  const int64_t era = shifted / 146097;
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                               day_of_era / 36524 - day_of_era / 146096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[kTimeSize] = {0x18, 0x0f};
  PutTwo(text + 2, year / 100);
  PutTwo(text + 4, year % 100);
  PutTwo(text + 6, month);
  PutTwo(text + 8, day);
  PutTwo(text + 10, second / 3600);
  PutTwo(text + 12, second / 60 % 60);
  PutTwo(text + 14, second % 60);
  text[16] = 'Z';
  out.append(text, sizeof text);
}

size_t IntegerContentsSize(base::Bytes magnitude) {
  if (magnitude.empty()) return 1;
  return magnitude.size() + (magnitude[0] >> 7);
}

void PutInteger(std::string& out, base::Bytes magnitude) {
  PutHeader(out, 0x02, IntegerContentsSize(magnitude));
  if (magnitude.empty() || magnitude[0] >= 0x80) out.push_back('\0');
  base::Append(out, magnitude);
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
      return signer.bits() / 8;
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
    PutElement(out, 0x04, base::AsBytes(name));
    PutElement(out, 0x04, base::AsBytes(key));
    return out;
  };
  cert_id_sha1_ = cert_id(kSha1Algorithm, name_sha1_, key_sha1_);
  cert_id_sha256_ = cert_id(kSha256Algorithm, name_sha256_, key_sha256_);
  if (!certs.empty()) {
    // certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL.
    PutHeader(certs_field_, 0xa0, ElementSize(certs.size()));
    PutElement(certs_field_, 0x30, base::AsBytes(certs));
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

// SingleResponse ::= SEQUENCE {
//   certID      SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash,
//   serialNumber }, certStatus  CHOICE { good [0] IMPLICIT NULL, revoked [1]
//   IMPLICIT RevokedInfo }, thisUpdate  GeneralizedTime, nextUpdate  [0]
//   EXPLICIT GeneralizedTime OPTIONAL }
size_t OcspTemplate::SingleContentsSize(const RecordFacts& record,
                                        CertIdForm form) const {
  const std::string& prefix =
      form == CertIdForm::kSha1 ? cert_id_sha1_ : cert_id_sha256_;
  const size_t cert_id =
      prefix.size() + ElementSize(IntegerContentsSize(record.serial));
  return ElementSize(cert_id) + StatusSize(record) + kTimeSize +
         ElementSize(kTimeSize);
}

void OcspTemplate::AppendSingle(const RecordFacts& record, CertIdForm form,
                                std::string& out) const {
  const std::string& prefix =
      form == CertIdForm::kSha1 ? cert_id_sha1_ : cert_id_sha256_;
  PutHeader(out, 0x30, SingleContentsSize(record, form));
  PutHeader(out, 0x30,
            prefix.size() + ElementSize(IntegerContentsSize(record.serial)));
  out += prefix;
  PutInteger(out, record.serial);
  if (record.status == RecordStatus::kRevoked) {
    PutHeader(out, 0xa1, RevokedContentsSize(record));
    PutTime(out, record.revocation_time);
    if (record.reason != 0) {
      const char reason[] = {'\xa0', 3, 0x0a, 1,
                             static_cast<char>(record.reason)};
      out.append(reason, sizeof reason);
    }
  } else {
    out.append("\x80\x00", 2);
  }
  PutTime(out, record.this_update);
  PutHeader(out, 0xa0, kTimeSize);
  PutTime(out, record.next_update);
}

// ResponseData ::= SEQUENCE {
//   responderID  [2] KeyHash,            -- byKey: RFC 9919
//   producedAt   GeneralizedTime,
//   responses    SEQUENCE OF SingleResponse }
size_t OcspTemplate::TbsContentsSize(const RecordFacts& record) const {
  size_t responses = 0;
  if (form_ != CertIdForm::kSha256) {
    responses += ElementSize(SingleContentsSize(record, CertIdForm::kSha1));
  }
  if (form_ != CertIdForm::kSha1) {
    responses += ElementSize(SingleContentsSize(record, CertIdForm::kSha256));
  }
  return ElementSize(ElementSize(responder_key_hash_.size())) + kTimeSize +
         ElementSize(responses);
}

void OcspTemplate::BuildTbs(const RecordFacts& record, std::string& out) const {
  const size_t contents = TbsContentsSize(record);
  PutHeader(out, 0x30, contents);
  PutHeader(out, 0xa2, ElementSize(responder_key_hash_.size()));
  PutElement(out, 0x04, base::AsBytes(responder_key_hash_));
  PutTime(out, record.this_update);
  size_t responses = 0;
  const bool sha1 = form_ != CertIdForm::kSha256,
             sha256 = form_ != CertIdForm::kSha1;
  if (sha1)
    responses += ElementSize(SingleContentsSize(record, CertIdForm::kSha1));
  if (sha256)
    responses += ElementSize(SingleContentsSize(record, CertIdForm::kSha256));
  PutHeader(out, 0x30, responses);
  if (sha1) AppendSingle(record, CertIdForm::kSha1, out);
  if (sha256) AppendSingle(record, CertIdForm::kSha256, out);
}

// OCSPResponse ::= SEQUENCE {
//   responseStatus ENUMERATED,
//   responseBytes  [0] EXPLICIT SEQUENCE { responseType OID, response OCTET
//   STRING } }
// BasicOCSPResponse ::= SEQUENCE {
//   tbsResponseData, signatureAlgorithm, signature BIT STRING, certs [0]
//   OPTIONAL }
void OcspTemplate::Rebuild(const RecordFacts& record, base::Bytes compact,
                           std::string& out) const {
  std::string expanded;
  base::Bytes signature = compact;
  if (IsEcdsa(algorithm_)) {
    expanded.reserve(crypto::kMaxP384SignatureDer);
    crypto::AppendEcdsaSignatureDer(compact, expanded);
    signature = base::AsBytes(expanded);
  }
  const base::Bytes algorithm = crypto::AlgorithmIdentifier(algorithm_);
  const size_t basic = ElementSize(TbsContentsSize(record)) + algorithm.size() +
                       ElementSize(1 + signature.size()) + certs_field_.size();
  const size_t response_bytes =
      sizeof kOcspBasic + ElementSize(ElementSize(basic));
  const size_t total =
      sizeof kSuccessful + ElementSize(ElementSize(response_bytes));
  out.reserve(out.size() + ElementSize(total));
  PutHeader(out, 0x30, total);
  base::Append(out, kSuccessful);
  PutHeader(out, 0xa0, ElementSize(response_bytes));
  PutHeader(out, 0x30, response_bytes);
  base::Append(out, kOcspBasic);
  PutHeader(out, 0x04, ElementSize(basic));
  PutHeader(out, 0x30, basic);
  BuildTbs(record, out);
  base::Append(out, algorithm);
  PutHeader(out, 0x03, 1 + signature.size());
  out.push_back('\0');
  base::Append(out, signature);
  out += certs_field_;
}

}  // namespace chancery::block
