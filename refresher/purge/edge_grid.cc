#include "refresher/purge/edge_grid.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"

namespace chancery::refresher {
namespace {

std::string Hmac(absl::string_view key, absl::string_view message) {
  return base::Base64(
      crypto::HmacSha256(base::AsBytes(key), base::AsBytes(message)));
}

}  // namespace

absl::StatusOr<EdgeGridCredentials> ParseEdgerc(absl::string_view text) {
  EdgeGridCredentials out;
  std::string secret;
  const std::pair<absl::string_view, std::string*> fields[] = {
      {"host", &out.host},
      {"client_token", &out.client_token},
      {"access_token", &out.access_token},
      {"client_secret", &secret}};
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    // A secret may end in "=".
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parts.first);
    for (const auto& [known, value] : fields) {
      if (name != known || !value->empty()) continue;
      *value = std::string(absl::StripAsciiWhitespace(parts.second));
    }
  }
  // It becomes a field of a header, or a URL.
  const auto is_graphic = [](const std::string& value) {
    return std::all_of(value.begin(), value.end(),
                       [](unsigned char c) { return absl::ascii_isgraph(c); });
  };
  for (const auto& [known, value] : fields) {
    if (!value->empty() && is_graphic(*value)) continue;
    const bool missing = value->empty();
    base::Wipe(secret.data(), secret.size());
    return absl::InvalidArgumentError(
        missing ? absl::StrCat("no ", known, " in it")
                : absl::StrCat("its ", known, " has a space in it"));
  }
  // Written as a URL's beginning in some examples.
  out.host = std::string(
      absl::StripSuffix(absl::StripPrefix(out.host, "https://"), "/"));
  out.client_secret = base::Secret(std::move(secret));
  return out;
}

std::string EdgeGridAuthorization(const EdgeGridCredentials& credentials,
                                  const EdgeGridRequest& request,
                                  size_t max_body) {
  const std::string time = absl::FormatTime("%Y%m%dT%H:%M:%S+0000",
                                            request.time, absl::UTCTimeZone());
  const std::string unsigned_part =
      absl::StrCat("EG1-HMAC-SHA256 client_token=", credentials.client_token,
                   ";access_token=", credentials.access_token,
                   ";timestamp=", time, ";nonce=", request.nonce, ";");
  // Only a POST's body is signed; none of the header's fields are.
  const bool has_body = request.method == "POST" && !request.body.empty();
  const std::string content_hash =
      has_body ? base::Base64(crypto::Sha256(
                     base::AsBytes(request.body.substr(0, max_body))))
               : "";
  const std::string message =
      absl::StrCat(request.method, "\thttps\t", credentials.host, "\t",
                   request.path, "\t\t", content_hash, "\t", unsigned_part);
  std::string key = Hmac(credentials.client_secret.Reveal(), time);
  std::string out =
      absl::StrCat(unsigned_part, "signature=", Hmac(key, message));
  base::Wipe(key.data(), key.size());
  return out;
}

}  // namespace chancery::refresher
