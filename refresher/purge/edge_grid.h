// Akamai's EdgeGrid: how a request says who makes it (EG1-HMAC-SHA256).
// https://techdocs.akamai.com/developer/docs/edgegrid
#ifndef CHANCERY_REFRESHER_PURGE_EDGE_GRID_H_
#define CHANCERY_REFRESHER_PURGE_EDGE_GRID_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace chancery::refresher {

// What Akamai hands out for one API client.
struct EdgeGridCredentials {
  std::string host = {};
  std::string client_token = {};
  std::string access_token = {};
  base::Secret client_secret = {};
};

// The lines of an .edgerc file, "name = value"; the first of each name counts,
// section names and comments do not. InvalidArgument names the one that is
// missing, and never shows a value.
absl::StatusOr<EdgeGridCredentials> ParseEdgerc(absl::string_view text);

// What is signed; always sent over https.
struct EdgeGridRequest {
  absl::string_view method;
  absl::string_view path;  // With its query.
  absl::string_view body;
  absl::Time time;
  absl::string_view nonce;  // Another one for each request.
};

// The bytes of a body that are signed; Akamai's own limit.
inline constexpr size_t kEdgeGridMaxBody = 131072;

// The value of the Authorization field.
std::string EdgeGridAuthorization(const EdgeGridCredentials& credentials,
                                  const EdgeGridRequest& request,
                                  size_t max_body = kEdgeGridMaxBody);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_EDGE_GRID_H_
