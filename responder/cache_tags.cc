#include "responder/cache_tags.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace chancery::responder {
namespace {

// tchar of RFC 9110 section 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
}

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

absl::StatusOr<CacheTags> CacheTags::Create(
    const std::vector<std::string>& fields) {
  CacheTags tags;
  for (const std::string& name : fields) {
    bool token = !name.empty();
    for (const char c : name) token = token && IsTokenChar(c);
    if (!token) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name, "\" is not the name of a header field"));
    }
    const bool spaces = absl::EqualsIgnoreCase(name, "Surrogate-Key") ||
                        absl::EqualsIgnoreCase(name, "xkey");
    tags.fields_.push_back({absl::StrCat(name, ": "), spaces ? ' ' : ','});
  }
  return tags;
}

void CacheTags::AppendOcsp(absl::string_view issuer, base::Bytes serial,
                           std::string& headers) const {
  for (const Field& field : fields_) {
    headers += field.start;
    headers += "ocsp/";
    AppendName(issuer, headers);
    headers += '/';
    AppendHex(serial, headers);
    headers += field.separator;
    headers += "ocsp/";
    AppendName(issuer, headers);
    headers += "\r\n";
  }
}

void CacheTags::AppendCrl(absl::string_view issuer,
                          std::string& headers) const {
  for (const Field& field : fields_) {
    headers += field.start;
    headers += "crl/";
    AppendName(issuer, headers);
    headers += "\r\n";
  }
}

}  // namespace chancery::responder
