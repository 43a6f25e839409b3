#include "tests/model/refresher_node.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/status_macros.h"

namespace chancery::model {

refresher::Acknowledged RefresherNode::Sink::Offer(
    std::vector<block::Update> updates, absl::Duration /*wait*/) {
  refresher::Acknowledged out;
  out.total = static_cast<uint32_t>(replicators.size());
  for (const auto& replicator : replicators) {
    const bool waited_for = replicator->state().caught_up;
    if (AllTaken(replicator->Push(updates)) && waited_for) ++out.responders;
  }
  return out;
}

absl::StatusOr<refresher::Acknowledged> RefresherNode::Sink::OfferWhile(
    const std::vector<block::Update>& updates, absl::Duration /*wait*/,
    absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store) {
  refresher::Acknowledged out;
  out.total = static_cast<uint32_t>(replicators.size());
  std::vector<refresher::Replicator*> others;
  for (const auto& replicator : replicators) {
    if (replicator->state().caught_up &&
        AllTaken(replicator->PushEarly(updates))) {
      ++out.responders;
    } else {
      others.push_back(replicator.get());
    }
  }
  ASSIGN_OR_RETURN(const std::vector<block::Update> stored, store());
  for (refresher::Replicator* replicator : others) {
    const bool waited_for = replicator->state().caught_up;
    if (AllTaken(replicator->Push(stored)) && waited_for) ++out.responders;
  }
  return out;
}

bool RefresherNode::Sink::AllTaken(
    const absl::StatusOr<std::vector<bool>>& accepted) {
  return accepted.ok() &&
         std::all_of(accepted->begin(), accepted->end(), std::identity());
}

RefresherNode::RefresherNode(const std::string& name, const World& world)
    : name_(name), world_(world) {
  Start();
}

void RefresherNode::Start() {
  auto parts = std::make_unique<Parts>();
  parts->signer =
      std::make_unique<RefresherSignerLink>(world_.signer, world_.network);
  for (const auto& responder : world_.responders) {
    parts->links.push_back(std::make_unique<ResponderLink>(
        *responder, world_.network, world_.dice));
    parts->sink.replicators.push_back(std::make_unique<refresher::Replicator>(
        *parts->links.back(), world_.inventory, world_.clock,
        refresher::Replicator::Options{
            .name = name_, .batch_bytes = 4096, .signer = "signer"}));
  }
  parts->keeper = std::make_unique<refresher::BlockKeeper>(world_.inventory,
                                                           *parts->signer);
  parts->follower = std::make_unique<refresher::LedgerFollower>(
      *parts->signer, world_.inventory, *parts->keeper, parts->sink, world_.log,
      refresher::LedgerFollower::Options{.signer = "signer"});
  parts->blocks = std::make_unique<refresher::BlockRefresher>(
      *parts->signer, world_.inventory, *parts->keeper, parts->sink,
      world_.clock, world_.log,
      refresher::BlockRefresher::Options{
          .owner = name_, .jobs = 0, .max_blocks = 2});
  parts->crls = std::make_unique<refresher::CrlRefresher>(
      *parts->signer, world_.inventory, parts->sink, world_.clock, world_.log,
      refresher::CrlRefresher::Options{.delay = absl::Seconds(10)});
  parts->publisher =
      std::make_unique<refresher::Publisher>(*parts->keeper, parts->sink);
  parts->heads = std::make_unique<refresher::HeadFollower>(
      *parts->signer, world_.inventory, parts->sink, "signer");
  parts->catch_up =
      std::make_unique<CatchUpLink>(world_.signer, world_.network);
  parts->feeder = std::make_unique<refresher::StandbyFeeder>(
      *parts->catch_up, world_.inventory, world_.log, "signer");
  parts->standby =
      std::make_unique<CatchUpLink>(world_.standby, world_.network);
  parts->standby_feeder = std::make_unique<refresher::StandbyFeeder>(
      *parts->standby, world_.inventory, world_.log, "signer");
  parts_ = std::move(parts);
}

absl::Status RefresherNode::StepHeads() {
  RETURN_IF_ERROR(heads().Step(absl::ZeroDuration()).status());
  if (!heads().waits()) return absl::OkStatus();
  bool more = true;
  while (more) {
    ASSIGN_OR_RETURN(more, follower().Step());
  }
  return heads().Step(absl::ZeroDuration()).status();
}

absl::Status RefresherNode::Converge(size_t responder) {
  return parts_->sink.replicators[responder]->Converge();
}

}  // namespace chancery::model
