#include "block/cache_tag.h"

#include "absl/strings/ascii.h"

namespace chancery::block {
namespace {

void AppendName(absl::string_view name, std::string& out) {
  for (const char c : name) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                       c == '-' || c == '.' || c == '_';
    out.push_back(plain ? c : '_');
  }
}

void AppendHex(base::Bytes bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t octet : bytes) {
    out.push_back(kDigits[octet >> 4]);
    out.push_back(kDigits[octet & 15]);
  }
}

}  // namespace

void AppendOcspTag(absl::string_view issuer, std::string& out) {
  out += "ocsp/";
  AppendName(issuer, out);
}

void AppendOcspTag(absl::string_view issuer, base::Bytes serial,
                   std::string& out) {
  AppendOcspTag(issuer, out);
  out += '/';
  AppendHex(serial, out);
}

void AppendCrlTag(absl::string_view path, std::string& out) {
  out += "crl/";
  const size_t slash = path.find('/');
  AppendName(path.substr(0, slash), out);
  if (slash == absl::string_view::npos) return;
  out += '/';
  AppendName(path.substr(slash + 1), out);
}

}  // namespace chancery::block
