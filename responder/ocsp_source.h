// Where presigned OCSP responses come from.
#ifndef CHANCERY_RESPONDER_OCSP_SOURCE_H_
#define CHANCERY_RESPONDER_OCSP_SOURCE_H_

#include <string>

#include "responder/freshness.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {

// Looks up responses that were signed elsewhere; never signs. Implementations
// may wrap one another. Thread-safe, and never blocks: it is called on event
// loops.
class OcspSource {
 public:
  // Not a Status: an unknown serial must cost no more than a known one.
  enum class Result {
    kFound,
    // Not our issuer (name hash and key hash both count), no such serial, or a
    // hash that we have no response for. Answered `unauthorized`.
    kUnknown,
    // This responder does not know whether what it has is current. Answered
    // `tryLater`.
    kUnavailable,
  };

  virtual ~OcspSource() = default;

  // `id` is checked for form and nothing more; its views last as long as the
  // call. Appends the OCSPResponse for it to `der` and fills in `times`, if
  // found; otherwise leaves `der` alone. Whether it is current yet or still is
  // for the caller to see.
  virtual Result Find(const x509::CertId& id, std::string& der,
                      Freshness& times) const = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_SOURCE_H_
