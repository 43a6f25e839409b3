#include "responder/public_http.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "responder/http/plain_response.h"

namespace chancery::responder {
namespace {

absl::string_view WithoutLeadingSlashes(absl::string_view path) {
  while (absl::ConsumePrefix(&path, "/")) {
  }
  return path;
}

std::string WithoutSlashes(absl::string_view path) {
  path = WithoutLeadingSlashes(path);
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  return std::string(path);
}

// What follows `prefix` in `path`; nullopt if it is somewhere else.
std::optional<absl::string_view> Below(absl::string_view prefix,
                                       absl::string_view path) {
  if (prefix.empty()) return path;
  if (!absl::ConsumePrefix(&path, prefix)) return std::nullopt;
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return WithoutLeadingSlashes(path);
}

// A query is a cache's business, or a mistake; base64 has no "?".
absl::string_view Path(const HttpRequest& request) {
  return WithoutLeadingSlashes(
      request.target.substr(0, request.target.find('?')));
}

}  // namespace

PublicHttp::PublicHttp(Options options, const OcspSource& ocsp,
                       const CrlSource& crls, OcspCounters& counters)
    : prefix_(WithoutSlashes(options.path_prefix)),
      ready_(std::move(options.ready)),
      tags_(std::move(options.tags)),
      ocsp_(ocsp, tags_, counters, options.recent_bytes),
      crls_(crls, tags_, counters) {}

std::unique_ptr<HttpWork> PublicHttp::NewWork() {
  return std::make_unique<OcspHttp::Work>();
}

PublicHttp::Route PublicHttp::Find(const HttpRequest& request) const {
  const absl::string_view path = Path(request);
  const auto below = Below(prefix_, path);
  switch (request.method) {
    case HttpMethod::kGet:
    case HttpMethod::kHead:
      break;
    case HttpMethod::kPost:
      return {below.has_value() && below->empty() ? Place::kOcspPost
                                                  : Place::kNoPost};
    case HttpMethod::kOther:
      return {Place::kNoMethod};
  }
  if (path.empty()) return {Place::kAbout};
  if (path == "healthz") return {Place::kHealth};
  if (path == "readyz") return {Place::kReadiness};
  absl::string_view file = path;
  if (absl::ConsumePrefix(&file, "crl/")) return {Place::kCrl, file};
  if (!below.has_value()) return {Place::kNowhere};
  if (below->empty()) return {Place::kAbout};
  return {Place::kOcspGet, *below};
}

bool PublicHttp::Begin(const HttpRequest& request, HttpWork& work) {
  auto& ocsp_work = static_cast<OcspHttp::Work&>(work);
  const Route route = Find(request);
  if (route.place == Place::kOcspGet) {
    ocsp_.Begin(route.rest, ocsp_work);
    return true;
  }
  if (route.place == Place::kOcspPost) {
    ocsp_.BeginPost(request, ocsp_work);
    return true;
  }
  return false;
}

void PublicHttp::Approach(HttpWork& work) {
  ocsp_.Approach(static_cast<OcspHttp::Work&>(work));
}

void PublicHttp::Handle(const HttpRequest& request, HttpResponse& response) {
  const Route route = Find(request);
  switch (route.place) {
    case Place::kAbout:
      return SetPlainResponse(200, "Chancery OCSP responder", response);
    case Place::kHealth:
      return SetPlainResponse(200, "ok", response);
    case Place::kReadiness: {
      const absl::Status ready = ready_ ? ready_() : absl::OkStatus();
      if (ready.ok()) return SetPlainResponse(200, "ok", response);
      response.headers += "Retry-After: 5\r\n";
      return SetPlainResponse(503, ready.message(), response);
    }
    case Place::kCrl:
      return crls_.Get(request, route.rest, response);
    case Place::kOcspGet:
      return ocsp_.Get(request, route.rest, response);
    case Place::kOcspPost:
      return ocsp_.Post(request, response);
    case Place::kNowhere:
      return SetPlainResponse(404, "not found", response);
    case Place::kNoPost:
      return SetPlainResponse(404, "nothing takes a POST here", response);
    case Place::kNoMethod:
      response.headers += "Allow: GET, HEAD, POST\r\n";
      return SetPlainResponse(405, "GET, HEAD or POST", response);
  }
}

}  // namespace chancery::responder
