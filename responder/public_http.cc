#include "responder/public_http.h"

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

// As opposed to what else has a name here.
bool IsOcsp(absl::string_view path) {
  return !path.empty() && path != "healthz" && path != "readyz" &&
         !absl::StartsWith(path, "crl/");
}

}  // namespace

PublicHttp::PublicHttp(Options options, const OcspSource& ocsp,
                       const CrlSource& crls, OcspCounters& counters)
    : prefix_(WithoutSlashes(options.path_prefix)),
      ready_(std::move(options.ready)),
      tags_(std::move(options.tags)),
      ocsp_(ocsp, tags_, counters),
      crls_(crls, tags_, counters) {}

std::unique_ptr<HttpWork> PublicHttp::NewWork() {
  return std::make_unique<OcspHttp::Work>();
}

bool PublicHttp::Begin(const HttpRequest& request, HttpWork& work) {
  auto& ocsp_work = static_cast<OcspHttp::Work&>(work);
  const absl::string_view path = Path(request);
  const auto below = Below(prefix_, path);
  if (!below.has_value()) return false;
  if (request.method == HttpMethod::kPost && below->empty()) {
    ocsp_.BeginPost(request, ocsp_work);
    return true;
  }
  const bool get =
      request.method == HttpMethod::kGet || request.method == HttpMethod::kHead;
  if (!get || !IsOcsp(path) || below->empty()) return false;
  ocsp_.Begin(*below, ocsp_work);
  return true;
}

void PublicHttp::Approach(HttpWork& work) {
  ocsp_.Approach(static_cast<OcspHttp::Work&>(work));
}

void PublicHttp::Handle(const HttpRequest& request, HttpResponse& response) {
  const absl::string_view path = Path(request);
  switch (request.method) {
    case HttpMethod::kGet:
    case HttpMethod::kHead:
      return Get(request, path, response);
    case HttpMethod::kPost: {
      const auto below = Below(prefix_, path);
      if (below.has_value() && below->empty()) {
        return ocsp_.Post(request, response);
      }
      return SetPlainResponse(404, "nothing takes a POST here", response);
    }
    case HttpMethod::kOther:
      break;
  }
  response.headers += "Allow: GET, HEAD, POST\r\n";
  SetPlainResponse(405, "GET, HEAD or POST", response);
}

void PublicHttp::Get(const HttpRequest& request, absl::string_view path,
                     HttpResponse& response) {
  if (path.empty()) {
    return SetPlainResponse(200, "Chancery OCSP responder", response);
  }
  if (path == "healthz") return SetPlainResponse(200, "ok", response);
  if (path == "readyz") {
    const absl::Status ready = ready_ ? ready_() : absl::OkStatus();
    if (ready.ok()) return SetPlainResponse(200, "ok", response);
    response.headers += "Retry-After: 5\r\n";
    return SetPlainResponse(503, ready.message(), response);
  }
  absl::string_view file = path;
  if (absl::ConsumePrefix(&file, "crl/")) {
    return crls_.Get(request, file, response);
  }
  const auto below = Below(prefix_, path);
  if (!below.has_value()) return SetPlainResponse(404, "not found", response);
  if (below->empty()) {
    return SetPlainResponse(200, "Chancery OCSP responder", response);
  }
  ocsp_.Get(request, *below, response);
}

}  // namespace chancery::responder
