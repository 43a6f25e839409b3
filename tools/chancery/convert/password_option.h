#ifndef CHANCERY_TOOLS_CHANCERY_CONVERT_PASSWORD_OPTION_H_
#define CHANCERY_TOOLS_CHANCERY_CONVERT_PASSWORD_OPTION_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/secret_source.h"

namespace chancery::cli {

// What help says of a password's SOURCE.
inline constexpr char kPasswordSourceHelp[] =
    "file:PATH (its first line; mode 0600), env:NAME or fd:NUMBER";

// Where the value of `option` says that a password is. InvalidArgument, without
// repeating the value: it may be the password itself.
absl::StatusOr<crypto::SecretSource> ParsePasswordSource(
    absl::string_view option, const std::string& value);

// The password there; nullopt for an empty value. Errors name the option.
absl::StatusOr<std::optional<base::Secret>> ReadPassword(
    absl::string_view option, const std::string& value);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CONVERT_PASSWORD_OPTION_H_
