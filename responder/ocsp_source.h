// Where presigned OCSP responses come from.
#ifndef CHANCERY_RESPONDER_OCSP_SOURCE_H_
#define CHANCERY_RESPONDER_OCSP_SOURCE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "responder/freshness.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {

// What a response was made from: a source's own name for it, and which of the
// things that had that name. Never used twice, so that it can be remembered for
// as long as somebody likes.
struct OcspOrigin {
  uint32_t name = 0;
  uint64_t edition = 0;  // 0: not to be remembered.
};

struct FoundOcsp {
  Freshness times;
  OcspOrigin origin = {};
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

  // Whether Find would still say what it said of this origin.
  virtual bool Holds(const OcspOrigin& /*origin*/) const { return false; }

  // Hints, for who has several to find: Expect each, Approach each with what
  // Expect said, then Find each. Memory that Find would wait for is asked for
  // without waiting. They change nothing that Find says.
  virtual uint64_t Expect(const x509::CertId& /*id*/) const { return 0; }
  virtual void Approach(uint64_t /*expected*/) const {}
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_SOURCE_H_
