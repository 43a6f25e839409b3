#ifndef CHANCERY_X509_OCSP_CERT_ID_READER_H_
#define CHANCERY_X509_OCSP_CERT_ID_READER_H_

#include "der/reader.h"
#include "x509/ocsp/request.h"

namespace chancery::x509 {

// Takes a CertID (RFC 6960 section 4.1.1), which requests and responses share.
// Another hash is kOther; a serial that is negative or not minimal is a
// failure.
[[nodiscard]] bool ReadCertId(der::Reader& in, CertId& id);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_OCSP_CERT_ID_READER_H_
