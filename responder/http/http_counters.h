#ifndef CHANCERY_RESPONDER_HTTP_HTTP_COUNTERS_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_COUNTERS_H_

#include "responder/counters.h"

namespace chancery::responder {

// What an HTTP server counts; none ever falls.
enum class HttpCount {
  kConnections,
  // Refused for a bound on connections.
  kConnectionsRefused,
  // Refused because the thread was overloaded.
  kConnectionsShed,
  // Gone; kConnections less kConnectionsClosed are open.
  kConnectionsClosed,
  // Closed by a deadline, idle ones among them.
  kTimeouts,
  kBytesReceived,
  kBytesSent,
  // Complete requests by method.
  kGet,
  kHead,
  kPost,
  kOtherMethod,
  // Responses by class, refusals of malformed requests among them.
  kStatus2xx,
  kStatus304,
  kStatus4xx,
  kStatus5xx,
  kEnd
};

using HttpCounters = Counters<HttpCount>;

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_COUNTERS_H_
