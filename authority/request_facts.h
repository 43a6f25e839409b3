// What decisions need to know of a request, beside what it says itself.
#ifndef CHANCERY_AUTHORITY_REQUEST_FACTS_H_
#define CHANCERY_AUTHORITY_REQUEST_FACTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "authority/certificate_authority.h"
#include "rpc/identity.h"
#include "x509/certificate/names.h"

namespace chancery::authority {

// The names that a CSR (DER or PEM) asks for (x509::ParseRequestedNames), as
// the signer reads them; its signature is the signer's to check.
// InvalidArgument.
absl::StatusOr<std::vector<x509::AltName>> NamesInCsr(const std::string& csr);

// OK if the inventory knows that `caller` asked for the certificate;
// PermissionDenied if somebody else did. Other errors as
// CertificateAuthority::Get.
absl::Status CheckOwn(CertificateAuthority& authority,
                      const std::string& issuer, const std::string& serial,
                      const rpc::Identity& caller);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_REQUEST_FACTS_H_
