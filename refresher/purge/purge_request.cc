#include "refresher/purge/purge_request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "refresher/purge/edge_grid.h"

namespace chancery::refresher {
namespace {

using Json = nlohmann::json;

std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The token file's first line: what an editor adds is not part of it.
std::string Line(const base::Secret& token) {
  const absl::string_view text = token.Reveal();
  return std::string(
      absl::StripAsciiWhitespace(text.substr(0, text.find('\n'))));
}

HttpRequest Post(std::string url, const Json& body) {
  return {.url = std::move(url),
          .fields = {{"Content-Type", "application/json"},
                     {"Accept", "application/json"}},
          .body = Text(body)};
}

HttpRequest Fastly(const PurgeEndpoint& endpoint, const Json& objects,
                   const base::Secret& token) {
  HttpRequest out =
      Post(absl::StrCat(endpoint.url, "/service/", endpoint.id, "/purge"),
           {{"surrogate_keys", objects}});
  out.fields.emplace_back("Fastly-Key", Line(token));
  if (endpoint.soft) out.fields.emplace_back("Fastly-Soft-Purge", "1");
  return out;
}

HttpRequest Cloudflare(const PurgeEndpoint& endpoint, const Json& objects,
                       const base::Secret& token) {
  HttpRequest out =
      Post(absl::StrCat(endpoint.url, "/zones/", endpoint.id, "/purge_cache"),
           {{endpoint.by_url ? "files" : "tags", objects}});
  out.fields.emplace_back("Authorization", "Bearer " + Line(token));
  return out;
}

HttpRequest Akamai(const PurgeEndpoint& endpoint, const Json& objects,
                   const EdgeGridCredentials& credentials, absl::Time now,
                   absl::string_view nonce) {
  const std::string path =
      absl::StrCat("/ccu/v3/", endpoint.soft ? "invalidate" : "delete", "/",
                   endpoint.by_url ? "url" : "tag", "/production");
  // `url` is for tests and proxies; the host that is signed is the account's.
  HttpRequest out =
      Post(absl::StrCat(endpoint.url.empty() ? "https://" + credentials.host
                                             : endpoint.url,
                        path),
           {{"objects", objects}});
  out.fields.emplace_back("Authorization",
                          EdgeGridAuthorization(credentials, {.method = "POST",
                                                              .path = path,
                                                              .body = out.body,
                                                              .time = now,
                                                              .nonce = nonce}));
  return out;
}

HttpRequest Plain(const PurgeEndpoint& endpoint, const PurgeWork& work,
                  const base::Secret& token) {
  HttpRequest out = Post(endpoint.url, {{"issuer", work.issuer},
                                        {"serials", work.serials},
                                        {"tags", work.tags},
                                        {"urls", work.urls}});
  if (!token.empty()) {
    out.fields.emplace_back("Authorization", "Bearer " + Line(token));
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<HttpRequest>> PurgeRequests(
    const PurgeEndpoint& endpoint, const PurgeWork& work,
    const base::Secret& token, absl::Time now, absl::string_view nonce) {
  const std::string line = Line(token);
  if (endpoint.shape != PurgeShape::kAkamai &&
      !std::all_of(line.begin(), line.end(),
                   [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return absl::InvalidArgumentError("its first line has a space in it");
  }
  if (endpoint.shape == PurgeShape::kPlain) {
    return std::vector<HttpRequest>{Plain(endpoint, work, token)};
  }
  EdgeGridCredentials credentials;
  if (endpoint.shape == PurgeShape::kAkamai) {
    ASSIGN_OR_RETURN(credentials, ParseEdgerc(token.Reveal()));
  } else if (line.empty()) {
    return absl::InvalidArgumentError("its first line is empty");
  }
  const std::vector<std::string>& all = endpoint.by_url ? work.urls : work.tags;
  std::vector<HttpRequest> out;
  for (size_t at = 0; at < all.size(); at += endpoint.limit) {
    const size_t end = std::min(all.size(), at + endpoint.limit);
    const Json objects(
        std::vector<std::string>(all.begin() + at, all.begin() + end));
    switch (endpoint.shape) {
      case PurgeShape::kFastly:
        out.push_back(Fastly(endpoint, objects, token));
        break;
      case PurgeShape::kCloudflare:
        out.push_back(Cloudflare(endpoint, objects, token));
        break;
      default:
        out.push_back(Akamai(endpoint, objects, credentials, now,
                             absl::StrCat(nonce, "-", out.size())));
    }
  }
  return out;
}

}  // namespace chancery::refresher
