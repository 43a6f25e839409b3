#include "policy/lints/ocsp_view.h"

#include <utility>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "der/oid.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using der::Reader;
using der::Tag;

// An [1] EXPLICIT Extensions.
bool ReadWrapped(Reader& in, bool& present, std::vector<Extension>& out) {
  std::optional<Bytes> wrapped;
  if (!in.ReadOptional(der::Explicit(1), wrapped)) return false;
  present = wrapped.has_value();
  return !present || ReadWrappedExtensions(*wrapped, out);
}

bool ReadCertId(Reader in, OcspSingle& out) {
  // CertID ::= SEQUENCE {
  //   hashAlgorithm   AlgorithmIdentifier,
  //   issuerNameHash  OCTET STRING,
  //   issuerKeyHash   OCTET STRING,
  //   serialNumber    CertificateSerialNumber }
  Reader algorithm;
  Bytes oid;
  if (!in.ReadSequence(algorithm) || !algorithm.ReadOid(oid) ||
      !in.Read(Tag::kOctetString, out.name_hash) ||
      !in.Read(Tag::kOctetString, out.key_hash) ||
      !in.Read(Tag::kInteger, out.serial) || !in.AtEnd()) {
    return false;
  }
  out.hash_oid = der::OidToText(oid);
  return true;
}

bool ReadStatus(Reader& in, OcspSingle& out) {
  // CertStatus ::= CHOICE {
  //   good     [0] IMPLICIT NULL,
  //   revoked  [1] IMPLICIT RevokedInfo,
  //   unknown  [2] IMPLICIT UnknownInfo }
  Tag tag;
  Bytes contents;
  if (!in.ReadAny(tag, contents)) return false;
  if (tag == der::Implicit(0) || tag == der::Implicit(2)) {
    out.status = tag == der::Implicit(0) ? OcspSingle::Status::kGood
                                         : OcspSingle::Status::kUnknown;
    return contents.empty();
  }
  if (tag != der::ImplicitConstructed(1)) return false;
  out.status = OcspSingle::Status::kRevoked;
  // RevokedInfo ::= SEQUENCE {
  //   revocationTime    GeneralizedTime,
  //   revocationReason  [0] EXPLICIT CRLReason OPTIONAL }
  Reader info(contents);
  std::optional<Bytes> reason;
  if (!ReadTimeField(info, out.revocation_time) ||
      !info.ReadOptional(der::Explicit(0), reason) || !info.AtEnd()) {
    return false;
  }
  if (!reason.has_value()) return true;
  Reader wrapped(*reason);
  return wrapped.Read(Tag::kEnumerated, out.reason.emplace()) &&
         wrapped.AtEnd();
}

bool ReadSingle(Reader& in, OcspSingle& out) {
  // SingleResponse ::= SEQUENCE {
  //   certID            CertID,
  //   certStatus        CertStatus,
  //   thisUpdate        GeneralizedTime,
  //   nextUpdate        [0] EXPLICIT GeneralizedTime OPTIONAL,
  //   singleExtensions  [1] EXPLICIT Extensions OPTIONAL }
  Reader fields, id;
  std::optional<Bytes> next;
  if (!in.ReadSequence(fields) || !fields.ReadSequence(id) ||
      !ReadCertId(id, out) || !ReadStatus(fields, out) ||
      !ReadTimeField(fields, out.this_update) ||
      !fields.ReadOptional(der::Explicit(0), next) ||
      !ReadWrapped(fields, out.has_extensions, out.extensions) ||
      !fields.AtEnd()) {
    return false;
  }
  if (!next.has_value()) return true;
  Reader wrapped(*next);
  return ReadTimeField(wrapped, out.next_update.emplace()) && wrapped.AtEnd();
}

bool ReadResponder(Reader& in, OcspView& view) {
  // ResponderID ::= CHOICE {
  //   byName  [1] Name,
  //   byKey   [2] KeyHash }
  Tag tag;
  Bytes contents, value;
  if (!in.ReadAny(tag, contents)) return false;
  Reader inside(contents);
  if (tag == der::Explicit(1)) {
    std::vector<NameAttribute> name;
    if (!inside.ReadElement(Tag::kSequence, value) || !ReadName(value, name)) {
      return false;
    }
    view.responder_name = value;
    return inside.AtEnd();
  }
  if (tag != der::Explicit(2) || !inside.Read(Tag::kOctetString, value)) {
    return false;
  }
  view.key_hash = value;
  return inside.AtEnd();
}

absl::Status ReadData(Reader data, OcspView& view) {
  // version             [0] EXPLICIT Version DEFAULT v1,
  std::optional<Bytes> version;
  if (!data.ReadOptional(der::Explicit(0), version)) {
    return Malformed("version");
  }
  view.has_version = version.has_value();
  if (view.has_version && !Reader(*version).ReadInt64(view.version)) {
    return Malformed("version");
  }
  // responderID         ResponderID,
  if (!ReadResponder(data, view)) return Malformed("responderID");
  // producedAt          GeneralizedTime,
  if (!ReadTimeField(data, view.produced_at)) return Malformed("producedAt");
  // responses           SEQUENCE OF SingleResponse,
  Reader singles;
  if (!data.ReadSequence(singles)) return Malformed("responses");
  while (!singles.AtEnd()) {
    if (!ReadSingle(singles, view.responses.emplace_back())) {
      return Malformed("SingleResponse");
    }
  }
  // responseExtensions  [1] EXPLICIT Extensions OPTIONAL
  if (!ReadWrapped(data, view.has_extensions, view.extensions) ||
      !data.AtEnd()) {
    return Malformed("responseExtensions");
  }
  return absl::OkStatus();
}

bool IsNamed(const OcspView& view, const CertificateView& certificate) {
  if (view.responder_name.has_value()) {
    return base::Equal(*view.responder_name, certificate.subject);
  }
  return view.key_hash.has_value() &&
         base::Equal(*view.key_hash, crypto::Sha1(certificate.key.key));
}

absl::Status ReadBasic(Bytes der, OcspView& view) {
  Reader in(der), outer, data;
  // BasicOCSPResponse ::= SEQUENCE {
  //   tbsResponseData     ResponseData,
  //   signatureAlgorithm  AlgorithmIdentifier,
  //   signature           BIT STRING,
  //   certs               [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
  if (!in.ReadSequence(outer) || !in.AtEnd() || !outer.ReadSequence(data)) {
    return Malformed("BasicOCSPResponse");
  }
  RETURN_IF_ERROR(ReadData(data, view));
  std::optional<Bytes> certs;
  if (!outer.ReadElement(Tag::kSequence, view.algorithm)) {
    return Malformed("signatureAlgorithm");
  }
  if (!outer.Read(Tag::kBitString, view.signature)) {
    return Malformed("signature");
  }
  if (!outer.ReadOptional(der::Explicit(0), certs) || !outer.AtEnd()) {
    return Malformed("certs");
  }
  if (!certs.has_value()) return absl::OkStatus();
  Reader wrapped(*certs), all;
  if (!wrapped.ReadSequence(all) || !wrapped.AtEnd()) return Malformed("certs");
  while (!all.AtEnd()) {
    if (!all.ReadElement(Tag::kSequence, view.certificates.emplace_back())) {
      return Malformed("certs");
    }
    auto certificate = ReadCertificateView(view.certificates.back());
    if (certificate.ok() && IsNamed(view, *certificate) &&
        !view.signer.has_value()) {
      view.signer = *std::move(certificate);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OcspView> ReadOcspView(Bytes der) {
  OcspView view;
  view.der = der;
  Reader in(der), outer, bytes;
  Bytes status, oid, response;
  std::optional<Bytes> wrapped;
  // OCSPResponse ::= SEQUENCE {
  //   responseStatus  OCSPResponseStatus,
  //   responseBytes   [0] EXPLICIT ResponseBytes OPTIONAL }
  if (!in.ReadSequence(outer) || !in.AtEnd()) return Malformed("OCSPResponse");
  if (!outer.Read(Tag::kEnumerated, status) || status.size() != 1) {
    return Malformed("responseStatus");
  }
  view.status = status[0];
  if (!outer.ReadOptional(der::Explicit(0), wrapped) || !outer.AtEnd()) {
    return Malformed("responseBytes");
  }
  view.has_bytes = wrapped.has_value();
  if (!view.has_bytes) return view;
  // ResponseBytes ::= SEQUENCE {
  //   responseType  OBJECT IDENTIFIER,
  //   response      OCTET STRING }
  Reader inside(*wrapped);
  if (!inside.ReadSequence(bytes) || !inside.AtEnd() || !bytes.ReadOid(oid) ||
      !bytes.Read(Tag::kOctetString, response) || !bytes.AtEnd()) {
    return Malformed("responseBytes");
  }
  view.type_oid = der::OidToText(oid);
  view.is_basic = view.type_oid == oid::kOcspBasic;
  if (view.is_basic) RETURN_IF_ERROR(ReadBasic(response, view));
  return view;
}

}  // namespace chancery::policy::lints
