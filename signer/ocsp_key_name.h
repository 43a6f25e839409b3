#ifndef CHANCERY_SIGNER_OCSP_KEY_NAME_H_
#define CHANCERY_SIGNER_OCSP_KEY_NAME_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chancery::signer {

// "<stem>-<created>", in seconds since 1970: what a delegated OCSP key is
// called in a folder and in a token.
std::string OcspKeyName(absl::string_view stem, absl::Time created);

// The inverse; nullopt for what OcspKeyName would not have written.
std::optional<absl::Time> ParseOcspKeyName(absl::string_view stem,
                                           absl::string_view name);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_KEY_NAME_H_
