// Text forms of bytes: lower-case hex and base64 (RFC 4648 sections 4 and 8).
#ifndef CHANCERY_BASE_ENCODING_H_
#define CHANCERY_BASE_ENCODING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::base {

// "0aff": two lower-case digits for each byte.
std::string Hex(Bytes bytes);

// Either case; nullopt for an odd length or any other character.
std::optional<std::string> FromHex(absl::string_view text);

// Standard alphabet with padding, no line breaks.
std::string Base64(Bytes bytes);

// Standard alphabet. Padding may be missing, as in URLs that clients build, but
// if present must be right; the unused bits must be zero. nullopt otherwise.
std::optional<std::string> FromBase64(absl::string_view text);
// As FromBase64, in the text's own memory: allocates nothing. After false the
// text is unspecified.
[[nodiscard]] bool FromBase64InPlace(std::string& text);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_ENCODING_H_
