// The signer's configuration, checked and turned into what its parts are made
// of.
#ifndef CHANCERY_SIGNER_CONFIG_H_
#define CHANCERY_SIGNER_CONFIG_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_source.h"
#include "crypto/signing_key.h"
#include "signer/issuer.h"
#include "signer/ocsp_key_rotation.h"

namespace chancery::config {
class Issuer;
class KeySource;
class Signer;
}  // namespace chancery::config

namespace chancery::signer {

// What can be said of a configuration without opening a key: InvalidArgument
// and FailedPrecondition name the field, its value and the rule.
absl::Status CheckConfig(const config::Signer& config);

// The same of the files that it names, without a look at any token: identity,
// the audit log's folder, the key set, issuers' certificates and chains, and
// keys in files, none of which has two purposes. Others as LoadIssuers.
absl::Status CheckFiles(const config::Signer& config);

// Of CheckFiles: the issuers. As LoadIssuers, without their keys in tokens and
// without templates: null where a key is not in a file.
absl::StatusOr<std::vector<Issuer>> ReadIssuers(const config::Signer& config,
                                                crypto::KeyOpener& opener);

// Opens every issuer's keys, compares them with its certificates and makes the
// templates, from CountSigningThreads threads. The error is that of the first
// issuer that has one; it names the issuer, and the key's file or URI. Keys in
// tokens are opened one after the other, in the order of the configuration, and
// none behind an issuer that has an error.
absl::StatusOr<std::vector<Issuer>> LoadIssuers(const config::Signer& config,
                                                crypto::KeyOpener& opener);

// Of a configuration in which an issuer has rotate_ocsp_key. Opens the token
// that the keys are in, if they are in one; errors as KeyOpener::OpenToken.
absl::StatusOr<OcspKeyRotation::Options> ToOcspRotation(
    const config::Signer& config, crypto::KeyOpener& opener);

// What its configuration says, or is taken if it says nothing.
uint32_t OcspValidityHours(const config::Issuer& issuer);
uint32_t CrlValidityHours(const config::Issuer& issuer);
int CountSigningThreads(const config::Signer& config);

crypto::KeySource ToKeySource(const config::KeySource& source);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CONFIG_H_
