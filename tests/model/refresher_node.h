#ifndef CHANCERY_TESTS_MODEL_REFRESHER_NODE_H_
#define CHANCERY_TESTS_MODEL_REFRESHER_NODE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/testing/fake_clock.h"
#include "block/update.h"
#include "refresher/block_keeper.h"
#include "refresher/block_refresher.h"
#include "refresher/crl_refresher.h"
#include "refresher/head_follower.h"
#include "refresher/ledger_follower.h"
#include "refresher/publisher.h"
#include "refresher/replicator.h"
#include "refresher/standby_feeder.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"
#include "tests/model/responder_node.h"
#include "tests/model/signer_node.h"

namespace chancery::model {

// A refresher as a process without threads: what its loops would do, when they
// are told to. Not thread-safe.
class RefresherNode {
 public:
  struct World {
    const SignerAddress& signer;
    // Who stands by, if somebody does.
    const SignerAddress& standby;
    storage::Inventory& inventory;
    std::vector<std::unique_ptr<ResponderNode>>& responders;
    Network& network;
    Dice& dice;
    const base::testing::FakeClock& clock;
    const rpc::Log& log;
  };

  // All in `world` must outlive this object. It runs.
  RefresherNode(const std::string& name, const World& world);

  void Kill() { parts_.reset(); }
  void Start();
  bool running() const { return parts_ != nullptr; }

  refresher::LedgerFollower& follower() { return *parts_->follower; }
  refresher::BlockRefresher& blocks() { return *parts_->blocks; }
  refresher::CrlRefresher& crls() { return *parts_->crls; }
  refresher::Publisher& publisher() { return *parts_->publisher; }
  refresher::HeadFollower& heads() { return *parts_->heads; }
  // Brings back what the signer, or who stands by, lacks.
  refresher::StandbyFeeder& feeder() { return *parts_->feeder; }
  refresher::StandbyFeeder& standby_feeder() { return *parts_->standby_feeder; }
  // Has a head made and stored, with the entries that it is about.
  absl::Status StepHeads();
  // Compares one responder with the inventory.
  absl::Status Converge(size_t responder);

 private:
  // Pushes to all, one after the other.
  class Sink final : public refresher::UpdateSink {
   public:
    refresher::Acknowledged Offer(std::vector<block::Update> updates,
                                  absl::Duration wait) override;
    absl::StatusOr<refresher::Acknowledged> OfferWhile(
        const std::vector<block::Update>& updates, absl::Duration wait,
        absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store)
        override;
    void CrlsChanged() override {}
    void HeadChanged() override {}
    std::vector<std::unique_ptr<refresher::Replicator>> replicators;

   private:
    // Whether it took all.
    static bool AllTaken(const absl::StatusOr<std::vector<bool>>& accepted);
  };
  struct Parts {
    std::unique_ptr<RefresherSignerLink> signer;
    std::vector<std::unique_ptr<ResponderLink>> links;
    Sink sink;
    std::unique_ptr<refresher::BlockKeeper> keeper;
    std::unique_ptr<refresher::LedgerFollower> follower;
    std::unique_ptr<refresher::BlockRefresher> blocks;
    std::unique_ptr<refresher::CrlRefresher> crls;
    std::unique_ptr<refresher::Publisher> publisher;
    std::unique_ptr<refresher::HeadFollower> heads;
    std::unique_ptr<CatchUpLink> catch_up;
    std::unique_ptr<refresher::StandbyFeeder> feeder;
    std::unique_ptr<CatchUpLink> standby;
    std::unique_ptr<refresher::StandbyFeeder> standby_feeder;
  };

  const std::string name_;
  const World world_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_REFRESHER_NODE_H_
