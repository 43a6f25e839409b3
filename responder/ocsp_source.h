// Where presigned OCSP responses come from.
#ifndef CHANCERY_RESPONDER_OCSP_SOURCE_H_
#define CHANCERY_RESPONDER_OCSP_SOURCE_H_

#include <string>

#include "base/bytes.h"
#include "responder/freshness.h"

namespace chancery::responder {

// CertID (RFC 6960 section 4.1.1) as a client sent it: checked for form, and
// nothing more. The views last as long as the call that passes them.
struct OcspCertId {
  enum class Hash { kSha1, kSha256 };
  Hash hash = Hash::kSha1;
  base::Bytes issuer_name_hash;
  base::Bytes issuer_key_hash;
  // Minimal big-endian magnitude, without leading zero octets; empty for 0.
  base::Bytes serial;
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

  // Appends the OCSPResponse for `id` to `der` and fills in `times`, if found;
  // otherwise leaves `der` alone. Whether it is current yet or still is for
  // the caller to see.
  virtual Result Find(const OcspCertId& id, std::string& der,
                      Freshness& times) const = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_SOURCE_H_
