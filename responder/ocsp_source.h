// Where presigned OCSP responses come from.
#ifndef CHANCERY_RESPONDER_OCSP_SOURCE_H_
#define CHANCERY_RESPONDER_OCSP_SOURCE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "responder/freshness.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {

struct FoundOcsp {
  Freshness times;
  // The issuer's name in the key set; lives as long as the source.
  absl::string_view issuer;
};

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
  // call. Appends the OCSPResponse for it to `der` and fills in `found`, if it
  // is; otherwise leaves `der` alone. Whether it is current yet or still is
  // for the caller to see.
  virtual Result Find(const x509::CertId& id, std::string& der,
                      FoundOcsp& found) const = 0;

  // Hints, for who has several to find: Expect each, Approach each with what
  // Expect said, then Find each. Memory that Find would wait for is asked for
  // without waiting. They change nothing that Find says.
  virtual uint64_t Expect(const x509::CertId& /*id*/) const { return 0; }
  virtual void Approach(uint64_t /*expected*/) const {}
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_SOURCE_H_
