// OCSP over HTTP: RFC 6960 appendix A and RFC 9919, for presigned responses.
#ifndef CHANCERY_RESPONDER_OCSP_HTTP_H_
#define CHANCERY_RESPONDER_OCSP_HTTP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "crypto/digest.h"
#include "responder/cache_tags.h"
#include "responder/http/http_date.h"
#include "responder/http/http_message.h"
#include "responder/ocsp_counters.h"
#include "responder/ocsp_source.h"
#include "responder/recent_answers.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {

// Translates: HTTP to CertID, and what the source has to HTTP. Each OCSP-level
// answer is a 200, the error ones too: RFC 6960 appendix A.2 makes the body an
// OCSPResponse whatever it says, and clients (OpenSSL's for one) look no
// further than another status. An error is `no-store`, so that no cache repeats
// to the next client what was true of a certificate a second before its first
// response came.
//
// A nonce is ignored: "if the OCSP responder only supports pre-produced
// responses and does not have the ability to respond to an OCSP request
// containing a nonce, it SHOULD return a response that does not include a
// nonce" (RFC 9919 section 4). Thread-compatible: one per thread.
class OcspHttp {
 public:
  // All must outlive the object.
  OcspHttp(const OcspSource& source, const CacheTags& tags,
           OcspCounters& counters, size_t recent_bytes)
      : source_(source),
        tags_(tags),
        counters_(counters),
        recent_(recent_bytes) {}

  // What is read of a request before it is answered.
  struct Work final : HttpWork {
    enum class Step { kRead, kApproach, kAnswer };

    Step next = Step::kAnswer;
    std::string decoded;
    absl::StatusOr<x509::OcspRequest> request;  // Views into the DER.
    uint64_t expected = 0;                      // What the source said.
    // Of a GET.
    absl::string_view path;
    uint64_t key = 0;     // Its path's.
    bool recent = false;  // There may be an answer; the path is not read.
  };

  // From here on `work` is the request's, whose views have to last as long.
  void Begin(absl::string_view path, Work& work) const;
  void BeginPost(const HttpRequest& request, Work& work) const;
  void Approach(Work& work) const;

  // GET and HEAD; `path` is what follows the responder's URL, still escaped.
  void Get(const HttpRequest& request, absl::string_view path,
           HttpResponse& response);
  // POST. 415 for a Content-Type other than application/ocsp-request; none at
  // all is taken for the right one.
  void Post(const HttpRequest& request, HttpResponse& response);

 private:
  // OCSPResponseStatus values of RFC 6960 section 4.2.1 that are sent without
  // responseBytes.
  enum class ErrorStatus : char {
    kMalformedRequest = 1,
    kTryLater = 3,
    kUnauthorized = 6,
  };

  enum class Lookup { kFound, kUnknown, kSeveral, kUnavailable };

  static void ReadPath(absl::string_view path, Work& work);
  void Expect(Work& work) const;
  // Nullopt: `response` is the refusal. Valid until the next call.
  std::optional<OcspAnswer> Make(
      const absl::StatusOr<x509::OcspRequest>& parsed, HttpResponse& response);
  // One that is not current is refused.
  void Send(const HttpRequest& request, const OcspAnswer& answer,
            HttpResponse& response);
  // The one response that covers all of `ids`, into the empty `der`.
  Lookup FindForAll(std::span<const x509::CertId> ids, std::string& der,
                    FoundOcsp& found);
  void Refuse(ErrorStatus status, OcspCount why, HttpResponse& response);

  const OcspSource& source_;
  const CacheTags& tags_;
  OcspCounters& counters_;
  crypto::Sha256Stream sha256_;
  HttpDateCache dates_;
  Work own_;  // For requests that came without.
  RecentAnswers recent_;
  // The answer that is made.
  std::string der_;
  std::string etag_;
  std::string fields_;
  std::string other_;  // To compare with it.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_HTTP_H_
