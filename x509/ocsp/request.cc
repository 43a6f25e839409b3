#include "x509/ocsp/request.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "der/reader.h"
#include "der/writer.h"
#include "x509/ocsp/cert_id_reader.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr size_t kMaxNonce = 128;
constexpr uint8_t kSha1Oid[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
constexpr uint8_t kSha256Oid[] = {0x60, 0x86, 0x48, 0x01, 0x65,
                                  0x03, 0x04, 0x02, 0x01};
// id-pkix-ocsp-nonce, 1.3.6.1.5.5.7.48.1.2.
constexpr uint8_t kNonceOid[] = {0x2b, 0x06, 0x01, 0x05, 0x05,
                                 0x07, 0x30, 0x01, 0x02};

absl::Status Malformed(const char* field) {
  return absl::InvalidArgumentError(
      absl::StrCat("OCSPRequest: malformed ", field));
}

absl::string_view AsText(base::Bytes bytes) { return base::AsText(bytes); }

// Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE,
// extnValue }
struct Extension {
  base::Bytes oid;
  bool critical = false;
  base::Bytes value;
};
bool ReadExtension(der::Reader& in, Extension& extension) {
  der::Reader fields;
  return in.ReadSequence(fields) && fields.ReadOid(extension.oid) &&
         fields.ReadDefaultFalse(extension.critical) &&
         fields.Read(Tag::kOctetString, extension.value) && fields.AtEnd();
}

// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, in an EXPLICIT tag.
absl::Status ReadRequestExtensions(base::Bytes tagged, OcspRequest& request) {
  der::Reader in(tagged), list;
  if (!in.ReadSequence(list) || !in.AtEnd() || list.AtEnd())
    return Malformed("extensions");
  while (!list.AtEnd()) {
    Extension extension;
    if (!ReadExtension(list, extension)) return Malformed("extension");
    if (!base::Equal(extension.oid, kNonceOid)) {
      if (extension.critical)
        return Malformed("extension: critical and not known");
      continue;
    }
    // RFC 9654: Nonce ::= OCTET STRING (SIZE (1..128)). Before RFC 8954 clients
    // also sent it without the inner OCTET STRING.
    der::Reader value(extension.value);
    base::Bytes nonce;
    if (!value.Read(Tag::kOctetString, nonce) || !value.AtEnd())
      nonce = extension.value;
    if (request.nonce.has_value() || nonce.empty() ||
        nonce.size() > kMaxNonce) {
      return Malformed("nonce");
    }
    request.nonce = nonce;
  }
  return absl::OkStatus();
}

// Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] OPTIONAL }
absl::Status ReadRequestList(der::Reader list, OcspRequest& request) {
  if (list.AtEnd()) return Malformed("requestList: empty");
  while (!list.AtEnd()) {
    if (request.cert_ids.size() == kMaxCertIds)
      return Malformed("requestList: too long");
    der::Reader one;
    CertId id;
    std::optional<base::Bytes> extensions;
    if (!list.ReadSequence(one) || !ReadCertId(one, id))
      return Malformed("reqCert");
    if (!one.ReadOptional(der::Explicit(0), extensions) || !one.AtEnd()) {
      return Malformed("singleRequestExtensions");
    }
    if (extensions.has_value()) {
      der::Reader in(*extensions), inside;
      if (!in.ReadSequence(inside) || !in.AtEnd())
        return Malformed("singleRequestExtensions");
      while (!inside.AtEnd()) {
        Extension extension;
        if (!ReadExtension(inside, extension) || extension.critical) {
          return Malformed("singleRequestExtensions");
        }
      }
    }
    request.cert_ids.push_back(id);
  }
  return absl::OkStatus();
}

}  // namespace

// CertID ::= SEQUENCE {
//   hashAlgorithm AlgorithmIdentifier, issuerNameHash OCTET STRING,
//   issuerKeyHash OCTET STRING, serialNumber CertificateSerialNumber }
bool ReadCertId(der::Reader& in, CertId& id) {
  der::Reader fields, algorithm;
  base::Bytes oid;
  if (!in.ReadSequence(fields) || !fields.ReadSequence(algorithm) ||
      !algorithm.ReadOid(oid)) {
    return false;
  }
  if (!algorithm.AtEnd() && (!algorithm.ReadNull() || !algorithm.AtEnd()))
    return false;
  if (base::Equal(oid, kSha1Oid)) id.hash = CertIdHash::kSha1;
  if (base::Equal(oid, kSha256Oid)) id.hash = CertIdHash::kSha256;
  return fields.Read(Tag::kOctetString, id.name_hash) &&
         fields.Read(Tag::kOctetString, id.key_hash) &&
         fields.ReadUnsigned(id.serial) && fields.AtEnd();
}

absl::StatusOr<OcspRequest> ParseOcspRequest(base::Bytes der) {
  der::Reader in(der), outer, tbs, list;
  OcspRequest request;
  std::optional<base::Bytes> version, requestor, extensions, signature;
  // OCSPRequest ::= SEQUENCE { tbsRequest TBSRequest,
  //                            optionalSignature [0] EXPLICIT Signature
  //                            OPTIONAL }
  if (!in.ReadSequence(outer) || !in.AtEnd() || !outer.ReadSequence(tbs) ||
      !outer.ReadOptional(der::Explicit(0), signature) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  // TBSRequest ::= SEQUENCE {
  //   version [0] EXPLICIT Version DEFAULT v1, requestorName [1] EXPLICIT
  //   OPTIONAL, requestList SEQUENCE OF Request, requestExtensions [2] EXPLICIT
  //   OPTIONAL }
  if (!tbs.ReadOptional(der::Explicit(0), version)) return Malformed("version");
  if (version.has_value()) {
    // OpenSSL and others write the default; only another version is an error.
    der::Reader number(*version);
    int64_t value;
    if (!number.ReadInt64(value) || !number.AtEnd() || value != 0)
      return Malformed("version");
  }
  if (!tbs.ReadOptional(der::Explicit(1), requestor) ||
      !tbs.ReadSequence(list) ||
      !tbs.ReadOptional(der::Explicit(2), extensions) || !tbs.AtEnd()) {
    return Malformed("tbsRequest");
  }
  RETURN_IF_ERROR(ReadRequestList(list, request));
  if (extensions.has_value())
    RETURN_IF_ERROR(ReadRequestExtensions(*extensions, request));
  return request;
}

std::string BuildCertId(CertIdHash hash, base::Bytes issuer_name,
                        const crypto::PublicKey& issuer, base::Bytes serial) {
  der::Writer out;
  const auto fill = [&](base::Bytes oid, base::Bytes name_hash,
                        base::Bytes key_hash) {
    out.AddSequence([&](der::Writer& id) {
      id.AddSequence([&](der::Writer& algorithm) {
        algorithm.AddOid(AsText(oid));
        algorithm.AddNull();
      });
      id.AddOctetString(name_hash);
      id.AddOctetString(key_hash);
      id.AddUnsigned(serial);
    });
  };
  if (hash == CertIdHash::kSha1) {
    fill(kSha1Oid, crypto::Sha1(issuer_name), issuer.KeyHashSha1());
  } else {
    fill(kSha256Oid, crypto::Sha256(issuer_name), issuer.KeyHashSha256());
  }
  return out.Take();
}

std::string BuildOcspRequest(absl::string_view cert_id, base::Bytes nonce) {
  der::Writer out;
  out.AddSequence([&](der::Writer& request) {
    request.AddSequence([&](der::Writer& tbs) {
      tbs.AddSequence([&](der::Writer& list) {
        list.AddSequence([&](der::Writer& one) { one.AddElement(cert_id); });
      });
      if (nonce.empty()) return;
      tbs.AddNested(der::Explicit(2), [&](der::Writer& tagged) {
        tagged.AddSequence([&](der::Writer& extensions) {
          extensions.AddSequence([&](der::Writer& extension) {
            extension.AddOid(AsText(kNonceOid));
            extension.AddOctetStringOf(
                [&](der::Writer& value) { value.AddOctetString(nonce); });
          });
        });
      });
    });
  });
  return out.Take();
}

}  // namespace chancery::x509
