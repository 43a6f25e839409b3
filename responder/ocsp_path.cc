#include "responder/ocsp_path.h"

#include <algorithm>

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
  while (true) {
    const size_t run = std::min(path.find('%'), path.size());
    next = std::copy_n(path.data(), run, next);
    path.remove_prefix(run);
    if (path.empty()) break;
    if (path.size() < 3) return false;
    const int high = HexValue(path[1]);
    const int low = HexValue(path[2]);
    if (high < 0 || low < 0) return false;
    const char c = static_cast<char>(high << 4 | low);
    path.remove_prefix(3);
    if (c == '\r' || c == '\n') continue;
    *next++ = c == ' ' ? '+' : c;
  }
  out.resize(static_cast<size_t>(next - out.data()));
  return true;
}

}  // namespace

bool DecodeOcspPath(absl::string_view path, std::string& der) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  std::string& base64 = der;
  if (!Unescape(path, base64)) return false;
  const size_t start = base64.find_first_not_of('/');
  if (start == std::string::npos) return false;
  if (start != 0) base64.erase(0, start);
  return base::FromBase64InPlace(base64);
}

}  // namespace chancery::responder
