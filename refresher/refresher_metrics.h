#ifndef CHANCERY_REFRESHER_REFRESHER_METRICS_H_
#define CHANCERY_REFRESHER_REFRESHER_METRICS_H_

#include <string>

#include "base/clock.h"
#include "refresher/block_refresher.h"
#include "refresher/crl_refresher.h"
#include "refresher/freshness.h"
#include "refresher/head_follower.h"
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
    const HeadFollower& heads;
    storage::Inventory& inventory;
    const base::Clock& clock;
    const ResponderSet& responders;
  };

  // Everything must outlive this object.
  RefresherMetrics(Sources sources, rpc::Metrics& metrics);

  // Takes the present values over; each ten seconds it asks the inventory for
  // its oldest block and CRLs. One caller at a time.
  void Refresh();

 private:
  // Of responses, and of CRLs.
  struct OldestGauges {
    rpc::Gauge this_update, next_update, refresh_at, slack_used;
    void Set(const Oldest& oldest) const;
  };
  static OldestGauges Add(rpc::Metrics& metrics, const std::string& prefix,
                          const std::string& what);

  const Sources sources_;
  const rpc::Gauge followed_, ledger_, signed_blocks_, refused_blocks_,
      by_former_key_, signed_crls_, head_at_;
  const OldestGauges oldest_block_, oldest_crl_;
  ResponderMetrics responders_;
  absl::Time ask_at_ = absl::InfinitePast();
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_REFRESHER_METRICS_H_
