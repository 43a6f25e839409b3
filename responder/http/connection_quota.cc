#include "responder/http/connection_quota.h"

#include <netinet/in.h>

#include <cstring>

namespace chancery::responder {

ClientKey ClientKeyOf(const sockaddr_storage& address) {
  ClientKey key{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(key.data(), &v4.sin_addr, 4);
    return key;
  }
  if (address.ss_family != AF_INET6) return key;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  const uint8_t* octets = v6.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    std::memcpy(key.data(), octets + 12, 4);
  } else {
    std::memcpy(key.data(), octets, 8);
  }
  return key;
}

bool ConnectionQuota::Admit(const ClientKey& client) {
  base::MutexLock lock(mu_);
  if (open_ >= total_) return false;
  if (per_client_ != 0) {
    size_t& open = clients_[client];
    if (open >= per_client_) return false;
    ++open;
  }
  ++open_;
  return true;
}

void ConnectionQuota::Release(const ClientKey& client) {
  base::MutexLock lock(mu_);
  --open_;
  if (per_client_ == 0) return;
  const auto found = clients_.find(client);
  if (found != clients_.end() && --found->second == 0) clients_.erase(found);
}

}  // namespace chancery::responder
