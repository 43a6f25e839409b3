// The certificate that a profile gives to a request.
#ifndef CHANCERY_POLICY_BUILD_CERTIFICATE_H_
#define CHANCERY_POLICY_BUILD_CERTIFICATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/profile.h"
#include "policy/validity.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/name_constraints.h"

namespace chancery::policy {

// What a certificate takes from its issuer, or obeys.
struct IssuerFacts {
  std::string subject = {};  // DER Name.
  std::string subject_key_identifier = {};
  absl::Time not_after = absl::UnixEpoch();
  std::string ocsp_url = {};
  std::string crl_url = {};
  std::string ca_issuers_url = {};
  // Its own, and of the CAs above it.
  std::vector<x509::NameConstraints> name_constraints = {};
  std::optional<int> path_length = {};
};

// At `now`: names checked and encoded again, duplicates dropped; validity as in
// ChooseValidity; of a leaf a CN that is not among the names dropped, of a CA
// its names. Of the request's extensions only the names and what the profile
// copies are looked at. InvalidArgument names the field, its value and the
// rule; FailedPrecondition: the issuer has expired, or may not have a CA below
// it.
absl::StatusOr<x509::CertificateFacts> BuildCertificate(
    const Profile& profile, const x509::Csr& csr, const IssuerFacts& issuer,
    std::string serial, const AskedValidity& asked, absl::Time now);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_BUILD_CERTIFICATE_H_
