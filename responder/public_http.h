// What the world can ask of a responder.
//
//   GET  /                    200, for people and load balancers
//   GET  /healthz             200 while the process can answer
//   GET  /readyz              200, or 503 and the reason
//   GET  /crl/<name>.crl      a CRL; of an issuer with shards
//        /crl/<name>/<shard>.crl
//        and deltas, /crl/<name>/delta.crl or /crl/<name>/<shard>-delta.crl
//   GET  <prefix>/<base64>    OCSP
//   POST <prefix>             OCSP
//
// and HEAD wherever there is GET.
#ifndef CHANCERY_RESPONDER_PUBLIC_HTTP_H_
#define CHANCERY_RESPONDER_PUBLIC_HTTP_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "responder/cache_tags.h"
#include "responder/crl_http.h"
#include "responder/crl_source.h"
#include "responder/http/http_message.h"
#include "responder/ocsp_counters.h"
#include "responder/ocsp_http.h"
#include "responder/ocsp_source.h"

namespace chancery::responder {

// Finds who answers. Slashes at the start of a path, or between prefix and
// request, may come doubled: issuers write URLs with and without one at the
// end, and clients add another. One per thread; never blocks.
class PublicHttp final : public HttpHandler {
 public:
  struct Options {
    // "/ocsp"; slashes at either end do not matter. Empty: none.
    std::string path_prefix;
    // OK, or an error whose message anybody may read. Runs on event loops, so
    // it must be thread-safe and not block.
    std::function<absl::Status()> ready;
    CacheTags tags = {};
    // Memory for answers that are asked for often, in octets.
    size_t recent_bytes = size_t{1} << 20;
  };

  // The sources and counters must outlive the object.
  PublicHttp(Options options, const OcspSource& ocsp, const CrlSource& crls,
             OcspCounters& counters);

  void Handle(const HttpRequest& request, HttpResponse& response) override;

  std::unique_ptr<HttpWork> NewWork() override;
  bool Begin(const HttpRequest& request, HttpWork& work) override;
  void Approach(HttpWork& work) override;

 private:
  enum class Place {
    kAbout,
    kHealth,
    kReadiness,
    kCrl,      // `rest`: the file's name.
    kOcspGet,  // `rest`: the request, still escaped.
    kOcspPost,
    kNowhere,
    kNoPost,
    kNoMethod,
  };
  struct Route {
    Place place;
    absl::string_view rest = {};
  };
  Route Find(const HttpRequest& request) const;

  const std::string prefix_;  // Without slashes at its ends.
  const std::function<absl::Status()> ready_;
  const CacheTags tags_;
  OcspHttp ocsp_;
  CrlHttp crls_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_PUBLIC_HTTP_H_
