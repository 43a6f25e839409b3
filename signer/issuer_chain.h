#ifndef CHANCERY_SIGNER_ISSUER_CHAIN_H_
#define CHANCERY_SIGNER_ISSUER_CHAIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// The certificates of `chain` (DER), if it is one: each but the last was issued
// by the next. It goes out with every certificate, and what clients cannot
// follow they take for an attack. InvalidArgument says which does not fit and
// why; others as x509::Certificate::Parse.
absl::StatusOr<std::vector<x509::Certificate>> ParseIssuerChain(
    const std::vector<std::string>& chain);

// Whether `certificate` is a root's: its subject is its issuer, and its own key
// signed it.
bool IsRoot(const x509::Certificate& certificate);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUER_CHAIN_H_
