#ifndef CHANCERY_REFRESHER_REFRESHER_METRICS_H_
#define CHANCERY_REFRESHER_REFRESHER_METRICS_H_

#include "refresher/block_refresher.h"
#include "refresher/crl_refresher.h"
#include "refresher/ledger_follower.h"
#include "refresher/responder_metrics.h"
#include "rpc/metrics.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// What a refresher shows to those who watch.
class RefresherMetrics {
 public:
  struct Sources {
    const LedgerFollower& follower;
    const BlockRefresher& blocks;
    const CrlRefresher& crls;
    storage::BlockStore& store;
    const ResponderSet& responders;
  };

  // Everything must outlive this object.
  RefresherMetrics(Sources sources, rpc::Metrics& metrics);

  // Takes the present values over. Asks the inventory once.
  void Refresh();

 private:
  const Sources sources_;
  const rpc::Gauge followed_, ledger_, oldest_refresh_, signed_blocks_,
      refused_blocks_, signed_crls_;
  ResponderMetrics responders_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_REFRESHER_METRICS_H_
