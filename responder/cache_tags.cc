#include "responder/cache_tags.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "block/cache_tag.h"

namespace chancery::responder {
namespace {

// tchar of RFC 9110 section 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
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
    block::AppendOcspTag(issuer, serial, headers);
    headers += field.separator;
    block::AppendOcspTag(issuer, headers);
    headers += "\r\n";
  }
}

void CacheTags::AppendCrl(absl::string_view path, std::string& headers) const {
  const size_t slash = path.find('/');
  for (const Field& field : fields_) {
    headers += field.start;
    if (slash != absl::string_view::npos) {
      block::AppendCrlTag(path, headers);
      headers += field.separator;
    }
    block::AppendCrlTag(path.substr(0, slash), headers);
    headers += "\r\n";
  }
}

}  // namespace chancery::responder
