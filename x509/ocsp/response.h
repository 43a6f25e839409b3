// OCSP responses (RFC 6960 section 4.2): parsed and verified, and the unsigned
// errors.
#ifndef CHANCERY_X509_OCSP_RESPONSE_H_
#define CHANCERY_X509_OCSP_RESPONSE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"
#include "x509/ocsp/request.h"

namespace chancery::x509 {

enum class OcspResponseStatus : uint8_t {
  kSuccessful = 0,
  kMalformedRequest = 1,
  kInternalError = 2,
  kTryLater = 3,
  kSigRequired = 5,
  kUnauthorized = 6,
};

// "malformedRequest", ...
const char* Name(OcspResponseStatus status);

// The five bytes of an error; static storage. Not for kSuccessful.
base::Bytes OcspError(OcspResponseStatus status);

struct SingleResponse {
  enum class Status { kGood, kRevoked, kUnknown };
  CertId cert_id;
  Status status = Status::kUnknown;
  absl::Time revocation_time = absl::UnixEpoch();
  std::optional<int> reason;
  absl::Time this_update;
  std::optional<absl::Time> next_update;
};

// Views into what was parsed; all but `status` only with kSuccessful.
struct OcspResponse {
  OcspResponseStatus status = OcspResponseStatus::kSuccessful;
  base::Bytes tbs;                                // What the signature covers.
  std::optional<base::Bytes> responder_key_hash;  // byKey
  std::optional<base::Bytes> responder_name;      // byName: DER Name
  absl::Time produced_at;
  std::vector<SingleResponse> responses;
  crypto::SignatureAlgorithm algorithm =
      crypto::SignatureAlgorithm::kEcdsaSha256;
  base::Bytes signature;
  std::vector<base::Bytes> certificates;  // DER, whole.
};

// `der` must outlive the result. InvalidArgument names the field; Unimplemented
// a signature algorithm that is not known.
absl::StatusOr<OcspResponse> ParseOcspResponse(base::Bytes der);

// OK when `signer` signed it. Whether `signer` may answer for the issuer is for
// the caller to know.
absl::Status VerifyOcspSignature(const OcspResponse& response,
                                 const crypto::PublicKey& signer);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_OCSP_RESPONSE_H_
