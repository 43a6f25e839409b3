#include "tools/chancery/init/init_options.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace chancery::cli {
namespace {

struct NamedKeyType {
  const char* name;
  crypto::KeySpec spec;
};

constexpr std::array kKeyTypes = {
    NamedKeyType{"ecdsa-p256", {crypto::KeyType::kEcP256, 0}},
    NamedKeyType{"ecdsa-p384", {crypto::KeyType::kEcP384, 0}},
    NamedKeyType{"rsa-2048", {crypto::KeyType::kRsa, 2048}},
    NamedKeyType{"rsa-3072", {crypto::KeyType::kRsa, 3072}},
    NamedKeyType{"rsa-4096", {crypto::KeyType::kRsa, 4096}},
    NamedKeyType{"ed25519", {crypto::KeyType::kEd25519, 0}},
};

absl::Status Bad(absl::string_view option, absl::string_view value,
                 absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": value `", value, "`: ", rule));
}

// A part of URIs and of file names.
absl::Status CheckName(absl::string_view option, const std::string& value) {
  const bool valid =
      !value.empty() && value.size() <= 40 && value[0] != '-' &&
      std::all_of(value.begin(), value.end(), [](char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
      });
  return valid ? absl::OkStatus()
               : Bad(option, value,
                     "must be 1 to 40 lower-case letters, digits and dashes, "
                     "not a dash first");
}

// Names that init gives to other files beside the issuing CA's.
bool IsReserved(const std::string& issuer) {
  for (const char* taken :
       {"root", "bundle", "ocsp", "manifest", "key-set", "key-set-root"}) {
    if (issuer == taken) return true;
  }
  return false;
}

absl::Status CheckToken(const InitOptions& options) {
  const bool any = !options.pkcs11_module.empty() || !options.token.empty() ||
                   !options.pin_file.empty();
  if (!any) return absl::OkStatus();
  for (const auto& [option, value] :
       {std::pair{"--pkcs11-module", options.pkcs11_module},
        std::pair{"--token", options.token},
        std::pair{"--pin-file", options.pin_file}}) {
    if (value.empty()) {
      return Bad(option, value,
                 "keys in a token need all of --pkcs11-module, --token and "
                 "--pin-file");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckInitOptions(const InitOptions& options) {
  RETURN_IF_ERROR(CheckName("--cluster", options.cluster));
  RETURN_IF_ERROR(CheckName("--issuer", options.issuer));
  if (IsReserved(options.issuer)) {
    return Bad("--issuer", options.issuer,
               "is the name of something else in the folder ca");
  }
  RETURN_IF_ERROR(ParseKeyType(options.key_type).status());
  if (options.responders < 1 || options.responders > 64) {
    return Bad("--responders", absl::StrCat(options.responders),
               "must be 1 to 64");
  }
  if (options.country.size() != 2 || !absl::ascii_isupper(options.country[0]) ||
      !absl::ascii_isupper(options.country[1])) {
    return Bad("--country", options.country, "must be two capital letters");
  }
  // RFC 5280 appendix A, ub-organization-name, less the common names' suffix.
  if (options.organization.size() > 40) {
    return Bad("--organization", options.organization,
               "must be of at most 40 bytes");
  }
  if (!base::IsPlainText(options.organization)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--organization: in hexadecimal ",
                     base::Hex(base::AsBytes(options.organization)),
                     ": must be UTF-8 without control characters"));
  }
  if (options.ocsp_validity_hours < 1 || options.ocsp_validity_hours > 8760) {
    return Bad("--ocsp-validity-hours",
               absl::StrCat(options.ocsp_validity_hours), "must be 1 to 8760");
  }
  if (options.crl_shards < 1 || options.crl_shards > 4096) {
    return Bad("--crl-shards", absl::StrCat(options.crl_shards),
               "must be 1 to 4096");
  }
  if (options.delta_crl_minutes > 10080) {
    return Bad("--delta-crl-minutes", absl::StrCat(options.delta_crl_minutes),
               "must be at most 10080, the validity of full CRLs");
  }
  const uint32_t capacity = options.block_capacity;
  if ((capacity & (capacity - 1)) != 0 || capacity > 4096) {
    return Bad("--block-capacity", absl::StrCat(capacity),
               "must be a power of two up to 4096");
  }
  return CheckToken(options);
}

absl::StatusOr<crypto::KeySpec> ParseKeyType(const std::string& text) {
  std::string known;
  for (const NamedKeyType& type : kKeyTypes) {
    if (text == type.name) return type.spec;
    absl::StrAppend(&known, known.empty() ? "" : ", ", type.name);
  }
  return Bad("--key-type", text, absl::StrCat("must be one of ", known));
}

}  // namespace chancery::cli
