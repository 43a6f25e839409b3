#ifndef CHANCERY_RESPONDER_OCSP_COUNTERS_H_
#define CHANCERY_RESPONDER_OCSP_COUNTERS_H_

#include "responder/counters.h"

namespace chancery::responder {

// What was answered; none ever falls. An operator sees here why clients are
// refused, which the five octets of a refusal do not tell.
enum class OcspCount {
  // A presigned response, or 304 for one.
  kAnswered,
  // `unauthorized`: no such issuer, serial or hash.
  kUnknown,
  // `unauthorized`: several CertIDs that no one response covers.
  kSeveral,
  // `tryLater`: the source does not know whether what it has is current.
  kUnavailable,
  // `tryLater`: found, but expired or of the future.
  kNotCurrent,
  kMalformed,
  // A CRL, or 304 for one.
  kCrl,
  // 503: there is one, but it has expired.
  kCrlExpired,
  // 503: it was being replaced, or too many others are being taken.
  kCrlUnavailable,
  // Of those counted above: an OCSP answer that was kept of an earlier request.
  kRecent,
  kEnd
};

using OcspCounters = Counters<OcspCount>;
using OcspCounterPool = CounterPool<OcspCount>;

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_COUNTERS_H_
