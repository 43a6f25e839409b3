#ifndef CHANCERY_RESPONDER_HTTP_CONNECTION_QUOTA_H_
#define CHANCERY_RESPONDER_HTTP_CONNECTION_QUOTA_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"

struct sockaddr_storage;

namespace chancery::responder {

// Whom a connection is counted for: an IPv4 address, or the /64 of an IPv6
// address, since that is what one household or machine is given.
using ClientKey = std::array<uint8_t, 8>;

ClientKey ClientKeyOf(const sockaddr_storage& address);

// Counts the connections of all threads against HttpLimits. Touched when one
// opens and when it closes, never per request. Thread-safe.
class ConnectionQuota {
 public:
  // `per_client` 0: no bound per client.
  ConnectionQuota(size_t total, size_t per_client)
      : total_(total), per_client_(per_client) {}

  // Whether one more from `client` is within the bounds; then it is counted
  // until Release.
  [[nodiscard]] bool Admit(const ClientKey& client);
  void Release(const ClientKey& client);

 private:
  const size_t total_;
  const size_t per_client_;
  base::Mutex mu_;
  size_t open_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<ClientKey, size_t> clients_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_CONNECTION_QUOTA_H_
