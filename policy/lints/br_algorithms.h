// Algorithms that the Baseline Requirements allow (section 7.1.3): for
// certificates, CRLs and OCSP responses alike.
#ifndef CHANCERY_POLICY_LINTS_BR_ALGORITHMS_H_
#define CHANCERY_POLICY_LINTS_BR_ALGORITHMS_H_

#include <string>

#include "base/bytes.h"

namespace chancery::policy::lints {

// Of a key (7.1.3.1) and of a signature (7.1.3.2): empty if the DER
// AlgorithmIdentifier is one of those that are listed, byte for byte;
// otherwise what is wrong.
std::string WrongBrKeyAlgorithm(base::Bytes identifier);
std::string WrongBrSignatureAlgorithm(base::Bytes identifier);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_BR_ALGORITHMS_H_
