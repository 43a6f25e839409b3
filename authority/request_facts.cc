#include "authority/request_facts.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/pem.h"

namespace chancery::authority {

absl::StatusOr<std::vector<x509::AltName>> NamesInCsr(const std::string& csr) {
  // PEM takes a third more than DER.
  if (csr.empty() || csr.size() > 2 * x509::kMaxCsr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "csr: ", csr.size(), " bytes: must have 1 to ", 2 * x509::kMaxCsr));
  }
  const auto der = x509::DerOrPem("CERTIFICATE REQUEST", csr);
  if (!der.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("csr: ", std::string(der.status().message())));
  }
  return x509::ParseRequestedNames(base::AsBytes(*der));
}

absl::Status CheckOwn(CertificateAuthority& authority,
                      const std::string& issuer, const std::string& serial,
                      const rpc::Identity& caller) {
  ASSIGN_OR_RETURN(const storage::CertificateRow row,
                   authority.Get(issuer, serial));
  if (row.requester == caller.uri) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(caller.uri, ": did not ask for certificate ",
                   base::Hex(base::AsBytes(serial)),
                   ", and may revoke only what it asked for itself"));
}

}  // namespace chancery::authority
