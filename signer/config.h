// The signer's configuration, checked and turned into what its parts are made
// of.
#ifndef CHANCERY_SIGNER_CONFIG_H_
#define CHANCERY_SIGNER_CONFIG_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_source.h"
#include "crypto/signing_key.h"
#include "signer/issuer.h"
#include "signer/ocsp_key_rotation.h"

namespace chancery::config {
class KeySource;
class Signer;
}  // namespace chancery::config

namespace chancery::signer {

// What can be said of a configuration without opening a key: InvalidArgument
// and FailedPrecondition name the field, its value and the rule.
absl::Status CheckConfig(const config::Signer& config);

// Opens every issuer's keys, compares them with its certificates and makes the
// templates. Errors name the issuer, and the key's file or URI.
absl::StatusOr<std::vector<Issuer>> LoadIssuers(const config::Signer& config,
                                                crypto::KeyOpener& opener);

// Of a configuration in which an issuer has rotate_ocsp_key. Opens the token
// that the keys are in, if they are in one; errors as KeyOpener::OpenToken.
absl::StatusOr<OcspKeyRotation::Options> ToOcspRotation(
    const config::Signer& config, crypto::KeyOpener& opener);

crypto::KeySource ToKeySource(const config::KeySource& source);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CONFIG_H_
