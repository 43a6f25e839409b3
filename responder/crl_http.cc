#include "responder/crl_http.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "responder/http/accept_encoding.h"
#include "responder/http/byte_range.h"
#include "responder/http/conditional_request.h"
#include "responder/http/plain_response.h"

namespace chancery::responder {
namespace {

// False: not now.
bool Send(const CrlRepresentation& chosen, const ChosenRange& range,
          HttpResponse& response) {
  response.file.file = chosen.file->Open();
  if (response.file.file == nullptr) return false;
  response.file.size = chosen.size;
  if (range.kind != ChosenRange::Kind::kPart) return true;
  response.file.offset = range.first;
  response.file.size = range.size;
  response.status = 206;
  absl::StrAppend(&response.headers, "Content-Range: bytes ", range.first, "-",
                  range.first + range.size - 1, "/", chosen.size, "\r\n");
  return true;
}

void ComeBack(absl::string_view seconds, absl::string_view why,
              HttpResponse& response) {
  absl::StrAppend(&response.headers, "Retry-After: ", seconds, "\r\n");
  SetPlainResponse(503, why, response);
}

void RefuseRange(uint64_t size, HttpResponse& response) {
  absl::StrAppend(&response.headers, "Content-Range: bytes */", size, "\r\n");
  SetPlainResponse(416, "no such range", response);
}

}  // namespace

void CrlHttp::Get(const HttpRequest& request, absl::string_view file,
                  HttpResponse& response) {
  std::shared_ptr<const ServedCrl> crl;
  if (absl::ConsumeSuffix(&file, ".crl")) crl = source_.Find(file);
  if (crl == nullptr) return SetPlainResponse(404, "no such CRL", response);
  if (!IsCurrent(crl->times, request.now)) {
    counters_.Add(OcspCount::kCrlExpired);
    return ComeBack("60", "the CRL is not current", response);
  }
  const bool has_gzip = crl->gzip.file != nullptr;
  const bool gzip = has_gzip && PrefersGzip(request.accept_encoding);
  const CrlRepresentation& chosen = gzip ? crl->gzip : crl->plain;
  const absl::Time modified = crl->times.this_update;

  if (NotModified(request, chosen.etag, modified)) {
    response.status = 304;
  } else {
    const ChosenRange range = RangeApplies(request, chosen.etag, modified)
                                  ? ChooseRange(request.range, chosen.size)
                                  : ChosenRange();
    if (range.kind == ChosenRange::Kind::kUnsatisfiable) {
      counters_.Add(OcspCount::kCrl);
      return RefuseRange(chosen.size, response);
    }
    if (!Send(chosen, range, response)) {
      counters_.Add(OcspCount::kCrlUnavailable);
      return ComeBack("1", "the CRL cannot be read now", response);
    }
  }
  counters_.Add(OcspCount::kCrl);
  // RFC 2585 section 4.2.
  response.headers += "Content-Type: application/pkix-crl\r\n";
  if (gzip) response.headers += "Content-Encoding: gzip\r\n";
  if (has_gzip) response.headers += "Vary: Accept-Encoding\r\n";
  response.headers += "Accept-Ranges: bytes\r\n";
  AppendCacheControl(crl->times, request.now, response.headers);
  AppendValidators(crl->times, chosen.etag, dates_, response.headers);
  tags_.AppendCrl(file, response.headers);
}

}  // namespace chancery::responder
