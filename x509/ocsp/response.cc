#include "x509/ocsp/response.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "der/reader.h"
#include "x509/ocsp/cert_id_reader.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr size_t kMaxResponses = 64;
constexpr size_t kMaxCertificates = 8;
// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
constexpr uint8_t kBasicOid[] = {0x2b, 0x06, 0x01, 0x05, 0x05,
                                 0x07, 0x30, 0x01, 0x01};

absl::Status Malformed(const char* field) {
  return absl::InvalidArgumentError(
      absl::StrCat("OCSPResponse: malformed ", field));
}

// CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT
// RevokedInfo,
//                         unknown [2] IMPLICIT NULL }
bool ReadStatus(der::Reader& in, SingleResponse& single) {
  Tag tag;
  base::Bytes contents;
  if (!in.ReadAny(tag, contents)) return false;
  if (tag == der::Implicit(0) || tag == der::Implicit(2)) {
    single.status = tag == der::Implicit(0) ? SingleResponse::Status::kGood
                                            : SingleResponse::Status::kUnknown;
    return contents.empty();
  }
  if (tag != der::ImplicitConstructed(1)) return false;
  single.status = SingleResponse::Status::kRevoked;
  // RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT
  // OPTIONAL }
  der::Reader info(contents);
  std::optional<base::Bytes> reason;
  if (!info.ReadGeneralizedTime(single.revocation_time) ||
      !info.ReadOptional(der::Explicit(0), reason) || !info.AtEnd()) {
    return false;
  }
  if (!reason.has_value()) return true;
  der::Reader inside(*reason);
  uint8_t value;
  if (!inside.ReadEnumerated(value) || !inside.AtEnd()) return false;
  single.reason = value;
  return true;
}

bool ReadSingle(der::Reader& list, SingleResponse& single) {
  der::Reader in;
  std::optional<base::Bytes> next_update, extensions;
  if (!list.ReadSequence(in) || !ReadCertId(in, single.cert_id) ||
      !ReadStatus(in, single) || !in.ReadGeneralizedTime(single.this_update) ||
      !in.ReadOptional(der::Explicit(0), next_update) ||
      !in.ReadOptional(der::Explicit(1), extensions) || !in.AtEnd()) {
    return false;
  }
  if (!next_update.has_value()) return true;
  der::Reader inside(*next_update);
  absl::Time time;
  if (!inside.ReadGeneralizedTime(time) || !inside.AtEnd()) return false;
  single.next_update = time;
  return true;
}

// ResponseData ::= SEQUENCE {
//   version [0] EXPLICIT DEFAULT v1, responderID CHOICE { byName [1], byKey [2]
//   }, producedAt, responses SEQUENCE OF SingleResponse, responseExtensions [1]
//   OPTIONAL }
absl::Status ReadResponseData(der::Reader data, OcspResponse& response) {
  std::optional<base::Bytes> version, extensions;
  Tag tag;
  base::Bytes responder;
  der::Reader list;
  if (!data.ReadOptional(der::Explicit(0), version) ||
      !data.ReadAny(tag, responder)) {
    return Malformed("responderID");
  }
  if (tag == der::Explicit(2)) {
    der::Reader by_key(responder);
    base::Bytes hash;
    if (!by_key.Read(Tag::kOctetString, hash) || !by_key.AtEnd())
      return Malformed("byKey");
    response.responder_key_hash = hash;
  } else if (tag == der::Explicit(1)) {
    response.responder_name = responder;
  } else {
    return Malformed("responderID");
  }
  if (!data.ReadGeneralizedTime(response.produced_at))
    return Malformed("producedAt");
  if (!data.ReadSequence(list) ||
      !data.ReadOptional(der::Explicit(1), extensions) || !data.AtEnd()) {
    return Malformed("responses");
  }
  while (!list.AtEnd()) {
    if (response.responses.size() == kMaxResponses)
      return Malformed("responses: too many");
    if (!ReadSingle(list, response.responses.emplace_back()))
      return Malformed("SingleResponse");
  }
  return absl::OkStatus();
}

// BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm,
// signature,
//                                  certs [0] EXPLICIT SEQUENCE OF Certificate
//                                  OPTIONAL }
absl::Status ReadBasic(base::Bytes der, OcspResponse& response) {
  der::Reader in(der), basic, data;
  base::Bytes algorithm;
  std::optional<base::Bytes> certs;
  if (!in.ReadSequence(basic) || !in.AtEnd() ||
      !basic.ReadElement(Tag::kSequence, response.tbs) ||
      !basic.ReadElement(Tag::kSequence, algorithm) ||
      !basic.ReadBitString(response.signature) ||
      !basic.ReadOptional(der::Explicit(0), certs) || !basic.AtEnd()) {
    return Malformed("BasicOCSPResponse");
  }
  ASSIGN_OR_RETURN(response.algorithm,
                   crypto::ParseSignatureAlgorithm(algorithm));
  der::Reader tbs(response.tbs);
  if (!tbs.ReadSequence(data)) return Malformed("tbsResponseData");
  RETURN_IF_ERROR(ReadResponseData(data, response));
  if (!certs.has_value()) return absl::OkStatus();
  der::Reader tagged(*certs), list;
  if (!tagged.ReadSequence(list) || !tagged.AtEnd()) return Malformed("certs");
  while (!list.AtEnd()) {
    base::Bytes certificate;
    if (response.certificates.size() == kMaxCertificates ||
        !list.ReadElement(Tag::kSequence, certificate)) {
      return Malformed("certs");
    }
    response.certificates.push_back(certificate);
  }
  return absl::OkStatus();
}

}  // namespace

const char* Name(OcspResponseStatus status) {
  switch (status) {
    case OcspResponseStatus::kSuccessful:
      return "successful";
    case OcspResponseStatus::kMalformedRequest:
      return "malformedRequest";
    case OcspResponseStatus::kInternalError:
      return "internalError";
    case OcspResponseStatus::kTryLater:
      return "tryLater";
    case OcspResponseStatus::kSigRequired:
      return "sigRequired";
    case OcspResponseStatus::kUnauthorized:
      return "unauthorized";
  }
  return "unknown";
}

base::Bytes OcspError(OcspResponseStatus status) {
  static constexpr uint8_t kErrors[7][5] = {
      {0x30, 0x03, 0x0a, 0x01, 0x02}, {0x30, 0x03, 0x0a, 0x01, 0x01},
      {0x30, 0x03, 0x0a, 0x01, 0x02}, {0x30, 0x03, 0x0a, 0x01, 0x03},
      {0x30, 0x03, 0x0a, 0x01, 0x02}, {0x30, 0x03, 0x0a, 0x01, 0x05},
      {0x30, 0x03, 0x0a, 0x01, 0x06}};
  return kErrors[static_cast<uint8_t>(status)];
}

absl::StatusOr<OcspResponse> ParseOcspResponse(base::Bytes der) {
  der::Reader in(der), outer;
  OcspResponse response;
  uint8_t status;
  std::optional<base::Bytes> tagged;
  if (!in.ReadSequence(outer) || !in.AtEnd() || !outer.ReadEnumerated(status) ||
      status > 6 || status == 4 ||
      !outer.ReadOptional(der::Explicit(0), tagged) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  response.status = OcspResponseStatus{status};
  if (tagged.has_value() !=
      (response.status == OcspResponseStatus::kSuccessful)) {
    return Malformed("responseBytes");
  }
  if (!tagged.has_value()) return response;
  der::Reader bytes(*tagged), inside;
  base::Bytes type, basic;
  if (!bytes.ReadSequence(inside) || !bytes.AtEnd() || !inside.ReadOid(type) ||
      !base::Equal(type, kBasicOid) || !inside.Read(Tag::kOctetString, basic) ||
      !inside.AtEnd()) {
    return Malformed("responseBytes");
  }
  RETURN_IF_ERROR(ReadBasic(basic, response));
  return response;
}

absl::Status VerifyOcspSignature(const OcspResponse& response,
                                 const crypto::PublicKey& signer) {
  return signer.Verify(response.algorithm, response.tbs, response.signature);
}

}  // namespace chancery::x509
