// Finds the responders that share a host name.
#ifndef CHANCERY_REFRESHER_DISCOVERY_H_
#define CHANCERY_REFRESHER_DISCOVERY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "refresher/resolver.h"
#include "refresher/responder_set.h"
#include "rpc/log.h"

namespace chancery::refresher {

// A new address gets a worker, which fills it and is then offered everything.
// One that the name has lost for a while loses its worker; one that only
// restarts keeps it. A name that cannot be resolved, or has no address at all,
// changes nothing. One caller at a time.
class Discovery {
 public:
  struct Options {
    std::string name = {};  // Workers are called name/address.
    std::string host = {};
    uint16_t port = 0;
    absl::Duration forget_after = absl::Minutes(1);
  };
  // The worker `name` of the responder at `address`, "host:port".
  using MakeWorker =
      std::function<absl::StatusOr<std::shared_ptr<ResponderWorker>>(
          const std::string& name, const std::string& address)>;

  // All must outlive this object, `make` may not call it.
  Discovery(Resolver& resolver, ResponderSet& responders, MakeWorker make,
            const base::Clock& clock, const rpc::Log& log, Options options);

  // Resolves the name and brings the set up to date. Unavailable: it cannot be
  // resolved now.
  absl::Status Step();

 private:
  struct Found {
    std::shared_ptr<ResponderWorker> worker;
    absl::Time gone_since = absl::InfiniteFuture();
  };
  absl::Status Add(const std::string& address);

  Resolver& resolver_;
  ResponderSet& responders_;
  const MakeWorker make_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Options options_;
  std::map<std::string, Found> found_;  // By address.
  // No more in the set, but in some reader's hands: they end here, where it
  // holds up nobody.
  std::vector<std::shared_ptr<ResponderWorker>> retired_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_DISCOVERY_H_
