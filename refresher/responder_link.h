// Makes what looks after a responder.
#ifndef CHANCERY_REFRESHER_RESPONDER_LINK_H_
#define CHANCERY_REFRESHER_RESPONDER_LINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "refresher/replicator.h"
#include "refresher/resolver.h"
#include "refresher/responder_client.h"
#include "refresher/responder_worker.h"
#include "rpc/credentials.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::config {
class ResponderTarget;
class Target;
}  // namespace chancery::config

namespace chancery::refresher {

struct ResponderLink {
  std::unique_ptr<ResponderClient> client;
  std::unique_ptr<Replicator> replicator;
  std::unique_ptr<ResponderWorker> worker;  // Null where there is no daemon.
};
using ResponderLinks = std::vector<std::shared_ptr<ResponderLink>>;

// Thread-safe.
class ResponderLinkMaker {
 public:
  // All must outlive this object and what it makes.
  struct Parts {
    const rpc::Credentials& credentials;
    storage::Inventory& inventory;
    const base::Clock& clock;
    const rpc::Log& log;
    std::string signer;  // Whose heads are handed on.
  };

  ResponderLinkMaker(Parts parts, absl::Duration converge_interval)
      : parts_(std::move(parts)), converge_interval_(converge_interval) {}

  // Without a worker. InvalidArgument: `target` is no server's.
  absl::StatusOr<std::shared_ptr<ResponderLink>> Make(
      const std::string& name, const config::Target& target) const;
  // As Make, with its worker, which keeps the rest of the link alive.
  absl::StatusOr<std::shared_ptr<ResponderWorker>> MakeWorker(
      const std::string& name, const config::Target& target) const;
  // One for each responder that `responder` means at this moment.
  // Unavailable: its name cannot be resolved.
  absl::StatusOr<ResponderLinks> MakeEach(
      const config::ResponderTarget& responder, Resolver& resolver) const;

 private:
  const Parts parts_;
  const absl::Duration converge_interval_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESPONDER_LINK_H_
