#ifndef CHANCERY_AUTHORITY_CERTIFICATE_MESSAGE_H_
#define CHANCERY_AUTHORITY_CERTIFICATE_MESSAGE_H_

#include "authority/certificate_authority.h"
#include "authority/issuer_directory.h"
#include "storage/rows.h"

namespace chancery::authority {

namespace v1 {
class Certificate;
class IssueResponse;
}  // namespace v1

// What clients are told of a certificate.
void FillCertificate(const storage::CertificateRow& row,
                     const IssuerDirectory& issuers, v1::Certificate* out);
void FillIssued(const Issued& issued, const IssuerDirectory& issuers,
                v1::IssueResponse* out);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_CERTIFICATE_MESSAGE_H_
