#ifndef CHANCERY_SIGNER_ISSUER_CHAIN_H_
#define CHANCERY_SIGNER_ISSUER_CHAIN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace chancery::signer {

// Whether `chain` (DER) is one: each certificate but the last was issued by the
// next. It goes out with every certificate, and what clients cannot follow they
// take for an attack. InvalidArgument says which does not fit and why.
absl::Status CheckIssuerChain(const std::vector<std::string>& chain);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUER_CHAIN_H_
