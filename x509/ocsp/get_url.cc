#include "x509/ocsp/get_url.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"

namespace chancery::x509 {

std::vector<std::string> OcspGetUrls(absl::string_view base,
                                     absl::string_view request) {
  const std::string text = base::Base64(base::AsBytes(request));
  const std::string start = absl::StrCat(absl::StripSuffix(base, "/"), "/");
  const std::string ways[] = {
      absl::StrReplaceAll(text, {{"+", "%2B"}, {"/", "%2F"}, {"=", "%3D"}}),
      absl::StrReplaceAll(text, {{"/", "%2F"}}), text};
  std::vector<std::string> urls;
  for (const std::string& way : ways) {
    std::string url = absl::StrCat(start, way);
    if (urls.empty() || urls.back() != url) urls.push_back(std::move(url));
  }
  return urls;
}

}  // namespace chancery::x509
