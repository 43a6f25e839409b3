// What one client may cost.
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_LIMITS_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace chancery::responder {

// Each refusal has a status of its own, so that a client's log tells why.
struct HttpLimits {
  // Request line and fields together; 431 beyond. At least 256.
  uint32_t header_bytes = 8192;
  // The request target; 414 beyond. RFC 9919 has clients use POST when the URL
  // is longer than 255.
  uint32_t target_bytes = 4096;
  // 413 beyond.
  uint32_t body_bytes = 16384;
  // From connecting, or for later requests from their first byte, to the end of
  // the request; 408 beyond if a part of it has arrived.
  absl::Duration request_timeout = absl::Seconds(10);
  // Between requests, and while the client takes nothing of a response.
  absl::Duration idle_timeout = absl::Seconds(30);
  // Once idle_timeout has passed, a response must have been taken at this mean
  // rate: a client that reads a byte now and then does not hold memory.
  uint32_t min_write_bytes_per_second = 1024;
  // How long a refused client may go on sending before it is cut off. Closing
  // at once would reset the connection and destroy the answer on its way.
  absl::Duration linger_timeout = absl::Seconds(2);
  // Requests that were pipelined behind this much unsent output wait.
  size_t output_bytes = 65536;
  // A thread that gets to a waiting request later than this is overloaded: it
  // refuses new connections with 503 and Retry-After, so that those that it has
  // are answered in time, until it keeps up again.
  absl::Duration max_lag = absl::Milliseconds(250);
  // Of all threads together.
  size_t connections = 20000;
  // Of one IPv4 address or IPv6 /64. 0: no bound of its own.
  size_t connections_per_address = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_LIMITS_H_
