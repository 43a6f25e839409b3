#ifndef CHANCERY_RESPONDER_CRL_HTTP_H_
#define CHANCERY_RESPONDER_CRL_HTTP_H_

#include "absl/strings/string_view.h"
#include "responder/cache_tags.h"
#include "responder/crl_source.h"
#include "responder/http/http_date.h"
#include "responder/http/http_message.h"
#include "responder/ocsp_counters.h"

namespace chancery::responder {

// CRLs over HTTP, RFC 5280 section 4.2.1.13 and RFC 2585 section 4.2. They are
// sent from where they lie, without being copied: whole or a part of them (RFC
// 9110 section 14), as they are or compressed, each with an ETag of its own.
// One that has expired is a 503 and not a 200: nobody can take it for the state
// of things. Thread-compatible: one per thread.
class CrlHttp {
 public:
  // All must outlive the object.
  CrlHttp(const CrlSource& source, const CacheTags& tags,
          OcspCounters& counters)
      : source_(source), tags_(tags), counters_(counters) {}

  // GET and HEAD; `file` is what follows "/crl/". 404 if there is none.
  void Get(const HttpRequest& request, absl::string_view file,
           HttpResponse& response);

 private:
  const CrlSource& source_;
  const CacheTags& tags_;
  OcspCounters& counters_;
  HttpDateCache dates_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CRL_HTTP_H_
