// A purge in the words of each kind of CDN. Pure.
//
//   Fastly      POST <url>/service/<id>/purge           Fastly-Key
//               {"surrogate_keys":[...]}
//   Cloudflare  POST <url>/zones/<id>/purge_cache       Authorization: Bearer
//               {"tags":[...]} or {"files":[...]}
//   Akamai      POST https://<host>/ccu/v3/delete/tag/production      EdgeGrid
//               {"objects":[...]}; invalidate, url
//   plain       POST <url>                              Authorization: Bearer
//               {"issuer":...,"serials":[...],"tags":[...],"urls":[...]}
#ifndef CHANCERY_REFRESHER_PURGE_PURGE_REQUEST_H_
#define CHANCERY_REFRESHER_PURGE_PURGE_REQUEST_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace chancery::refresher {

enum class PurgeShape { kPlain, kFastly, kCloudflare, kAkamai };

struct PurgeEndpoint {
  std::string name = {};
  PurgeShape shape = PurgeShape::kPlain;
  std::string url = {};  // Without a slash at its end.
  std::string id = {};   // Fastly's service, Cloudflare's zone.
  bool by_url = false;   // Not by tag.
  bool soft = false;     // Mark as stale, do not remove.
  size_t limit = 256;    // Tags or URLs in one request.
};

// What is to be dropped; all of one issuer where the shape is plain.
struct PurgeWork {
  std::string issuer = {};
  std::vector<std::string> serials = {};  // Hex.
  std::vector<std::string> tags = {};
  std::vector<std::string> urls = {};

  bool empty() const { return tags.empty(); }
};

// A POST. Never logged: a field may be a secret.
struct HttpRequest {
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

// The requests that purge `work`, each within the endpoint's limit. `token` is
// the content of the token file, empty if there is none; `nonce` is used by
// Akamai, with the request's number. InvalidArgument: the token is not what the
// shape needs.
absl::StatusOr<std::vector<HttpRequest>> PurgeRequests(
    const PurgeEndpoint& endpoint, const PurgeWork& work,
    const base::Secret& token, absl::Time now, absl::string_view nonce);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_PURGE_REQUEST_H_
