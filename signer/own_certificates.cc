#include "signer/own_certificates.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::signer {

absl::Status OwnCertificates::Check(
    const rpc::Identity& caller, const std::string& issuer,
    const std::vector<std::string>& serials) const {
  ASSIGN_OR_RETURN(const Issuer* found, issuers_.Named(issuer));
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  for (const std::string& serial : serials) {
    const auto certificate =
        view->state().Certificate(found->issuer_id, serial);
    if (absl::IsNotFound(certificate.status())) continue;
    RETURN_IF_ERROR(certificate.status());
    ASSIGN_OR_RETURN(const ledger::Entry entry,
                     view->state().EntryAt(certificate->issued_index));
    const auto* issued = std::get_if<ledger::CertificateEntry>(&entry.body);
    if (issued != nullptr && (issued->origin.caller == caller.uri ||
                              issued->origin.requester == caller.uri)) {
      continue;
    }
    return absl::PermissionDeniedError(
        absl::StrCat(caller.uri, ": did not ask for certificate ",
                     base::Hex(base::AsBytes(serial)),
                     ", and may revoke only what it asked for itself"));
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
