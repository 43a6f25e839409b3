#include "responder/crl_http.h"

#include <memory>

#include "absl/strings/strip.h"
#include "responder/http/conditional_request.h"
#include "responder/http/plain_response.h"

namespace chancery::responder {

void CrlHttp::Get(const HttpRequest& request, absl::string_view file,
                  HttpResponse& response) {
  std::shared_ptr<const ServedCrl> crl;
  if (absl::ConsumeSuffix(&file, ".crl")) crl = source_.Find(file);
  if (crl == nullptr) return SetPlainResponse(404, "no such CRL", response);
  if (!IsCurrent(crl->times, request.now)) {
    counters_.Add(OcspCount::kCrlExpired);
    response.headers += "Retry-After: 60\r\n";
    return SetPlainResponse(503, "the CRL is not current", response);
  }
  counters_.Add(OcspCount::kCrl);
  // RFC 2585 section 4.2.
  response.headers += "Content-Type: application/pkix-crl\r\n";
  AppendCacheHeaders(crl->times, crl->etag, request.now, dates_,
                     response.headers);
  if (NotModified(request, crl->etag, crl->times.this_update)) {
    response.status = 304;
    return;
  }
  response.file = {.file = crl->file, .offset = 0, .size = crl->size};
}

}  // namespace chancery::responder
