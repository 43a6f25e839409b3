#include "signer/ocsp_key_name.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chancery::signer {

std::string OcspKeyName(absl::string_view stem, absl::Time created) {
  return absl::StrCat(stem, "-", absl::ToUnixSeconds(created));
}

std::optional<absl::Time> ParseOcspKeyName(absl::string_view stem,
                                           absl::string_view name) {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(name.substr(name.rfind('-') + 1), &seconds) ||
      seconds <= 0) {
    return std::nullopt;
  }
  const absl::Time created = absl::FromUnixSeconds(seconds);
  if (OcspKeyName(stem, created) != name) return std::nullopt;
  return created;
}

}  // namespace chancery::signer
