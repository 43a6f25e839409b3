#include "responder/http/conditional_request.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "responder/http/http_date.h"

namespace chancery::responder {
namespace {

// If-None-Match = "*" / #entity-tag, compared weakly (section 8.8.3.2). An
// entity-tag may contain a comma, so the list cannot be split at commas.
bool Lists(absl::string_view field, absl::string_view etag) {
  absl::string_view rest = absl::StripAsciiWhitespace(field);
  if (rest == "*") return true;
  while (!rest.empty()) {
    if (rest.front() == ',' ||
        absl::ascii_isspace(static_cast<unsigned char>(rest.front()))) {
      rest.remove_prefix(1);
      continue;
    }
    absl::ConsumePrefix(&rest, "W/");
    if (rest.empty() || rest.front() != '"') return false;
    const size_t end = rest.find('"', 1);
    if (end == absl::string_view::npos) return false;
    if (rest.substr(0, end + 1) == etag) return true;
    rest.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

bool NotModified(const HttpRequest& request, absl::string_view etag,
                 absl::Time last_modified) {
  if (request.method != HttpMethod::kGet &&
      request.method != HttpMethod::kHead) {
    return false;
  }
  if (!request.if_none_match.empty()) {
    return Lists(request.if_none_match, etag);
  }
  if (request.if_modified_since.empty()) return false;
  const std::optional<absl::Time> since =
      ParseHttpDate(request.if_modified_since, request.now);
  // Last-Modified went out without its fraction of a second.
  return since.has_value() &&
         absl::ToUnixSeconds(last_modified) <= absl::ToUnixSeconds(*since);
}

}  // namespace chancery::responder
