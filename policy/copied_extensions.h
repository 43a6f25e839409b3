// Extensions that a certificate takes over from its request.
#ifndef CHANCERY_POLICY_COPIED_EXTENSIONS_H_
#define CHANCERY_POLICY_COPIED_EXTENSIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "policy/profile.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/extensions.h"

namespace chancery::policy {

// Whether a profile may name `oid` among what it copies. InvalidArgument: no
// OID; or an extension by which a CA says what it vouches for, such as
// basicConstraints: a request has no say in those.
absl::Status CheckCopiedExtension(const std::string& oid);

// Puts those of `requested` that `profile` names into `extensions`, which are
// the profile's so far; the others are dropped.
//   keyUsage, extendedKeyUsage, certificatePolicies: what is asked for is part
//     of what the profile gives, and replaces it.
//   tlsFeature: status_request, which is added.
//   Any other: one DER value of at most 4 KiB, not critical, as it is.
// The known ones are parsed and encoded again (TRUST 2.4). InvalidArgument
// names the extension and the rule.
absl::Status CopyExtensions(
    const Profile& profile,
    const std::vector<x509::RequestedExtension>& requested,
    x509::Extensions& extensions);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_COPIED_EXTENSIONS_H_
