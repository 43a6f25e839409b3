#include "policy/uri_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace chancery::policy {
namespace {

constexpr size_t kMaxUri = 2048;

bool IsAlnum(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}
bool IsHexDigit(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c));
}

// Of letters, digits and these.
bool IsOnly(absl::string_view text, absl::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAlnum(c) || also.find(c) != absl::string_view::npos;
  });
}

// RFC 3986 section 2: unreserved, reserved, and % with two digits.
bool HasUriCharacters(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) ||
        !IsHexDigit(text[i + 2])) {
      return false;
    }
  }
  return IsOnly(text, "-._~:/?#[]@!$&'()*+,;=%");
}

bool IsScheme(absl::string_view text) {
  return !text.empty() &&
         absl::ascii_isalpha(static_cast<unsigned char>(text[0])) &&
         IsOnly(text, "+-.");
}

// host [":" port]
bool IsAuthority(absl::string_view text) {
  absl::string_view host = text, port;
  if (!text.empty() && text[0] == '[') {  // An IPv6 address.
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return false;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!std::all_of(host.begin(), host.end(), [](char c) {
          return IsHexDigit(c) || c == ':' || c == '.';
        })) {
      return false;
    }
  } else {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
    if (!IsOnly(host, "-._")) return false;
  }
  if (host.empty()) return false;
  if (port.empty()) return true;
  return port[0] == ':' && port.size() > 1 && port.size() <= 6 &&
         std::all_of(port.begin() + 1, port.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

absl::Status CheckUriName(absl::string_view uri) {
  const size_t colon = uri.find("://");
  if (uri.size() <= kMaxUri && colon != absl::string_view::npos &&
      HasUriCharacters(uri) && IsScheme(uri.substr(0, colon))) {
    const absl::string_view rest = uri.substr(colon + 3);
    if (IsAuthority(rest.substr(0, rest.find_first_of("/?#")))) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "URI name \"", absl::CHexEscape(uri),
      "\": scheme://host[:port][/path] is allowed (RFC 3986), of at most ",
      kMaxUri, " characters, without user information"));
}

}  // namespace chancery::policy
