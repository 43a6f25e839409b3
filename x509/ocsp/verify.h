// Whether an OCSP response is an issuer's word.
#ifndef CHANCERY_X509_OCSP_VERIFY_H_
#define CHANCERY_X509_OCSP_VERIFY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "x509/certificate/certificate.h"
#include "x509/ocsp/response.h"

namespace chancery::x509 {

// OK when `issuer` signed `response`, or a delegate did whose certificate is in
// it (RFC 6960 section 4.2.2.2): issued by `issuer`, extendedKeyUsage
// OCSPSigning, valid at `now`, without a critical extension that is not known,
// and the one that responderID names.
// InvalidArgument: not a successful response. PermissionDenied says why no
// signer was found to be authorised. Whether the response is about a
// certificate of this issuer (FindSingleResponse), and current, is for the
// caller to check.
absl::Status VerifyOcspResponse(const OcspResponse& response,
                                const Certificate& issuer, absl::Time now);

// What `response` says of the certificate with this serial (a magnitude) of
// `issuer`: hashes of its name and key and the serial all agree. NotFound;
// PermissionDenied if it contradicts itself.
absl::StatusOr<SingleResponse> FindSingleResponse(const OcspResponse& response,
                                                  base::Bytes serial,
                                                  const Certificate& issuer);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_OCSP_VERIFY_H_
