#include "responder/ocsp_path.h"

#include <optional>
#include <utility>

#include "base/encoding.h"

namespace chancery::responder {
namespace {

// The value of a hex digit; -1 for any other character.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Replaces escapes; false if one is cut off or has no two digits.
bool Unescape(absl::string_view path, std::string& out) {
  out.resize(path.size());
  char* next = out.data();
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      if (i + 2 >= path.size()) return false;
      const int high = HexValue(path[i + 1]);
      const int low = HexValue(path[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (c == '\r' || c == '\n') continue;
    *next++ = c == ' ' ? '+' : c;
  }
  out.resize(static_cast<size_t>(next - out.data()));
  return true;
}

}  // namespace

bool DecodeOcspPath(absl::string_view path, std::string& der) {
  std::string& base64 = der;
  if (!Unescape(path, base64)) return false;
  const size_t start = base64.find_first_not_of('/');
  if (start == std::string::npos) return false;
  const absl::string_view text = absl::string_view(base64).substr(start);
  std::optional<std::string> decoded = base::FromBase64(text);
  if (!decoded.has_value()) return false;
  der = *std::move(decoded);
  return true;
}

}  // namespace chancery::responder
