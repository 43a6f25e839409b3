#ifndef CHANCERY_REFRESHER_PUBLISH_SERVICE_H_
#define CHANCERY_REFRESHER_PUBLISH_SERVICE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "refresher/publisher.h"
#include "refresher/replicator.h"
#include "rpc/dispatcher.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// What GetCluster tells, as values.
struct ClusterState {
  std::vector<ResponderState> responders = {};
  uint64_t blocks = 0;
  absl::Time oldest_refresh_at = absl::InfiniteFuture();
  std::vector<storage::BlockTimes> block_times = {};
  uint64_t ledger_size_followed = 0;
  absl::Time head = absl::InfinitePast();  // Of the newest since the start.
  // BlockRefresher::by_former_key.
  std::optional<uint64_t> blocks_by_former_key = {};
  absl::Time now = {};
};

// gRPC in, Publisher out. No decisions are made here.
class PublishService final : public v1::PublishService::CallbackService {
 public:
  using Describe = std::function<absl::StatusOr<ClusterState>()>;

  // `describe` may be called by several threads. All must outlive this object.
  PublishService(Publisher& publisher, Describe describe,
                 const rpc::Dispatcher& dispatcher)
      : publisher_(publisher),
        describe_(std::move(describe)),
        dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const v1::PublishRequest* request,
                                    v1::PublishResponse* response) override;
  grpc::ServerUnaryReactor* GetCluster(
      grpc::CallbackServerContext* context,
      const v1::GetClusterRequest* request,
      v1::GetClusterResponse* response) override;

 private:
  Publisher& publisher_;
  const Describe describe_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PUBLISH_SERVICE_H_
