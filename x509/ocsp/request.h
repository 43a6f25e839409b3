// OCSP requests (RFC 6960 section 4.1, RFC 9654, RFC 9919).
#ifndef CHANCERY_X509_OCSP_REQUEST_H_
#define CHANCERY_X509_OCSP_REQUEST_H_

#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "crypto/public_key.h"

namespace chancery::x509 {

enum class CertIdHash { kSha1, kSha256, kOther };

// Views into what was parsed.
struct CertId {
  CertIdHash hash = CertIdHash::kOther;
  base::Bytes name_hash;
  base::Bytes key_hash;
  base::Bytes serial;  // Minimal magnitude; empty for zero.
};

struct OcspRequest {
  // 1 to kMaxCertIds; nearly always one, which costs no allocation.
  absl::InlinedVector<CertId, 1> cert_ids;
  std::optional<base::Bytes> nonce;
};

inline constexpr size_t kMaxCertIds = 64;

// `der` must outlive the result. A requestor's name and signature are parsed
// over and not verified: an answer is the same for everybody. InvalidArgument
// (the caller answers malformedRequest) names the field: also a serial that is
// not minimal or negative, a nonce of 0 or more than 128 octets, trailing
// bytes, a critical extension that is not known. CertID parameters that are
// NULL and absent are both accepted.
absl::StatusOr<OcspRequest> ParseOcspRequest(base::Bytes der);

// The DER CertID of a certificate of `issuer_name` (DER Name) and its key.
std::string BuildCertId(CertIdHash hash, base::Bytes issuer_name,
                        const crypto::PublicKey& issuer, base::Bytes serial);

// A request for one CertID; `nonce` of 1 to 128 bytes, or empty for none.
std::string BuildOcspRequest(absl::string_view cert_id, base::Bytes nonce);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_OCSP_REQUEST_H_
