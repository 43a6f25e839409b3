#include "signer/issuer_chain.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

absl::Status InCertificate(size_t number, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat("certificate ", number, ": ", status.message()));
}

}  // namespace

absl::Status CheckIssuerChain(const std::vector<std::string>& chain) {
  // Of one there is nothing to check, and that is most.
  if (chain.size() < 2) return absl::OkStatus();
  std::vector<x509::Certificate> parsed;
  for (const std::string& der : chain) {
    auto certificate = x509::Certificate::Parse(base::AsBytes(der));
    if (!certificate.ok()) {
      return InCertificate(parsed.size() + 1, certificate.status());
    }
    parsed.push_back(*std::move(certificate));
  }
  for (size_t i = 0; i + 1 < parsed.size(); ++i) {
    const absl::Status issued = x509::CheckIssuedBy(parsed[i], parsed[i + 1]);
    if (issued.ok()) continue;
    return InCertificate(
        i + 1, absl::InvalidArgumentError(absl::StrCat(
                   "was not issued by the one behind it: ", issued.message())));
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
