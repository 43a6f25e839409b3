#include "signer/issuer_chain.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace chancery::signer {
namespace {

absl::Status InCertificate(size_t number, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("certificate ", number, ": ",
                                                  status.message()));
}

}  // namespace

absl::StatusOr<std::vector<x509::Certificate>> ParseIssuerChain(
    const std::vector<std::string>& chain) {
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
  return parsed;
}

bool IsRoot(const x509::Certificate& certificate) {
  return certificate.facts().issuer == certificate.facts().subject &&
         certificate.VerifySignedBy(certificate.public_key()).ok();
}

}  // namespace chancery::signer
