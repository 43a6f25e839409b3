#include "refresher/responder_link.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/grpc_responder_client.h"
#include "rpc/address.h"
#include "rpc/client.h"

namespace chancery::refresher {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(10);

// A responder whose machine or network is gone without a word is noticed, and
// one that is back is found, within seconds.
constexpr rpc::ChannelOptions kChannel = {
    .max_backoff = absl::Seconds(2),
    .keepalive = absl::Seconds(15),
    .keepalive_timeout = absl::Seconds(5),
};

}  // namespace

absl::StatusOr<std::shared_ptr<ResponderLink>> ResponderLinkMaker::Make(
    const std::string& name, const config::Target& target) const {
  auto link = std::make_shared<ResponderLink>();
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel(absl::StrCat("responder \"", name, "\""),
                                    target, parts_.credentials, kChannel));
  link->client = MakeGrpcResponderClient(std::move(channel), kDeadline);
  link->replicator = std::make_unique<Replicator>(
      *link->client, parts_.inventory, parts_.clock,
      Replicator::Options{
          .name = name, .address = target.address(), .signer = parts_.signer});
  return link;
}

absl::StatusOr<std::shared_ptr<ResponderWorker>> ResponderLinkMaker::MakeWorker(
    const std::string& name, const config::Target& target) const {
  ASSIGN_OR_RETURN(std::shared_ptr<ResponderLink> link, Make(name, target));
  link->worker = std::make_unique<ResponderWorker>(
      *link->replicator, parts_.log,
      ResponderWorker::Options{.converge_interval = converge_interval_});
  ResponderWorker* const worker = link->worker.get();
  return std::shared_ptr<ResponderWorker>(std::move(link), worker);
}

absl::StatusOr<ResponderLinks> ResponderLinkMaker::MakeEach(
    const config::ResponderTarget& responder, Resolver& resolver) const {
  ResponderLinks links;
  if (responder.resolve_seconds() == 0) {
    ASSIGN_OR_RETURN(links.emplace_back(),
                     Make(responder.name(), responder.target()));
    return links;
  }
  ASSIGN_OR_RETURN(rpc::Address address,
                   rpc::ParseAddress(responder.target().address()));
  ASSIGN_OR_RETURN(const std::vector<std::string> hosts,
                   resolver.Resolve(address.host));
  for (const std::string& host : hosts) {
    address.host = host;
    config::Target target = responder.target();
    target.set_address(rpc::FormatAddress(address));
    ASSIGN_OR_RETURN(links.emplace_back(),
                     Make(absl::StrCat(responder.name(), "/", host), target));
  }
  return links;
}

}  // namespace chancery::refresher
