#include "tools/chancery/audit/http_responder.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "tools/chancery/http_client.h"
#include "tools/chancery/http_pipeline.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxCrlBytes = size_t{1} << 30;

std::string CrlRoot(const HttpUrl& url) {
  const bool ipv6 = absl::StrContains(url.host, ":");
  return absl::StrCat("http://", ipv6 ? "[" : "", url.host, ipv6 ? "]" : "",
                      ":", url.port, "/crl/");
}

class HttpResponder final : public audit::ResponderSource {
 public:
  HttpResponder(std::string name, const HttpUrl& url)
      : name_(std::move(name)), crl_root_(CrlRoot(url)), ocsp_(url, {}) {}

  const std::string& name() const override { return name_; }

  absl::StatusOr<std::vector<std::string>> AskOcsp(
      const std::vector<std::string>& requests) override {
    ASSIGN_OR_RETURN(std::vector<HttpResponse> responses,
                     ocsp_.Post("application/ocsp-request", requests));
    std::vector<std::string> bodies;
    bodies.reserve(responses.size());
    for (HttpResponse& response : responses) {
      if (response.status != 200) {
        return absl::UnavailableError(
            absl::StrCat("HTTP status ", response.status));
      }
      bodies.push_back(std::move(response.body));
    }
    return bodies;
  }

  absl::StatusOr<std::string> GetCrl(const std::string& file) override {
    ASSIGN_OR_RETURN(HttpResponse response,
                     FetchHttp({.url = crl_root_ + file,
                                .timeout = absl::Minutes(2),
                                .max_response_bytes = kMaxCrlBytes}));
    if (response.status == 404) return absl::NotFoundError("HTTP status 404");
    if (response.status != 200) {
      return absl::UnavailableError(
          absl::StrCat("HTTP status ", response.status));
    }
    return std::move(response.body);
  }

 private:
  const std::string name_;
  const std::string crl_root_;
  HttpPipeline ocsp_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<audit::ResponderSource>> MakeHttpResponder(
    const std::string& url) {
  ASSIGN_OR_RETURN(const HttpUrl parsed, ParseHttpUrl(url));
  return std::make_unique<HttpResponder>(url, parsed);
}

}  // namespace chancery::cli
