#include "tools/chancery/convert/password_option.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace chancery::cli {

absl::StatusOr<crypto::SecretSource> ParsePasswordSource(
    absl::string_view option, const std::string& value) {
  absl::string_view rest = value;
  if (absl::ConsumePrefix(&rest, "file:") && !rest.empty()) {
    return crypto::SecretSource{.file = std::string(rest)};
  }
  rest = value;
  if (absl::ConsumePrefix(&rest, "env:") && !rest.empty()) {
    return crypto::SecretSource{.env = std::string(rest)};
  }
  rest = value;
  int fd = 0;
  if (absl::ConsumePrefix(&rest, "fd:") && absl::SimpleAtoi(rest, &fd) &&
      fd >= 0) {
    return crypto::SecretSource{.fd = fd};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      option, ": must be ", kPasswordSourceHelp,
      ". Never the password itself: every user of this machine can read the "
      "arguments of a command"));
}

absl::StatusOr<std::optional<base::Secret>> ReadPassword(
    absl::string_view option, const std::string& value) {
  std::optional<base::Secret> password;
  if (value.empty()) return password;
  ASSIGN_OR_RETURN(const crypto::SecretSource source,
                   ParsePasswordSource(option, value));
  auto read = crypto::ReadSecret(source);
  if (!read.ok()) {
    return absl::Status(read.status().code(),
                        absl::StrCat(option, ": ", read.status().message()));
  }
  password = *std::move(read);
  return password;
}

}  // namespace chancery::cli
