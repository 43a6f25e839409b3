#include "refresher/discovery.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rpc/address.h"

namespace chancery::refresher {

Discovery::Discovery(Resolver& resolver, ResponderSet& responders,
                     MakeWorker make, const base::Clock& clock,
                     const rpc::Log& log, Options options)
    : resolver_(resolver),
      responders_(responders),
      make_(std::move(make)),
      clock_(clock),
      log_(log),
      options_(std::move(options)) {}

absl::Status Discovery::Step() {
  ASSIGN_OR_RETURN(const std::vector<std::string> resolved,
                   resolver_.Resolve(options_.host));
  const std::set<std::string> present(resolved.begin(), resolved.end());
  const absl::Time now = clock_.Now();
  std::erase_if(retired_,
                [](const auto& worker) { return worker.use_count() == 1; });
  for (auto at = found_.begin(); at != found_.end();) {
    auto& [address, found] = *at;
    if (present.contains(address)) {
      found.gone_since = absl::InfiniteFuture();
    } else if (found.gone_since == absl::InfiniteFuture()) {
      found.gone_since = now;
    }
    if (now - found.gone_since < options_.forget_after) {
      ++at;
      continue;
    }
    log_.Info("responder_dropped",
              {{"responder", absl::StrCat(options_.name, "/", address)}});
    responders_.Remove(found.worker.get());
    found.worker->RequestStop();
    retired_.push_back(std::move(found.worker));
    at = found_.erase(at);
  }
  for (const std::string& address : present) {
    if (!found_.contains(address)) RETURN_IF_ERROR(Add(address));
  }
  return absl::OkStatus();
}

absl::Status Discovery::Add(const std::string& address) {
  rpc::Address full;
  full.host = address;
  full.port = options_.port;
  const std::string name = absl::StrCat(options_.name, "/", address);
  ASSIGN_OR_RETURN(std::shared_ptr<ResponderWorker> worker,
                   make_(name, rpc::FormatAddress(full)));
  log_.Info("responder_found", {{"responder", name}});
  responders_.Add(worker);
  found_[address] = {.worker = std::move(worker)};
  return absl::OkStatus();
}

}  // namespace chancery::refresher
