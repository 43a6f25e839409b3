#ifndef CHANCERY_TOOLS_CHANCERY_AIRGAP_ONLINE_SIDE_H_
#define CHANCERY_TOOLS_CHANCERY_AIRGAP_ONLINE_SIDE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "block/key_set.h"
#include "ledger/airgap/exchange_folder.h"
#include "storage/inventory.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/environment.h"

namespace chancery::config {
class Cli;
}

namespace chancery::cli {

// What export and import have in common: the cluster's configuration, its
// inventory and the folder that remembers the exchanges.
class OnlineSide {
 public:
  // Errors say what to write where.
  static absl::StatusOr<OnlineSide> Open(const AirGapOptions& options,
                                         const Globals& globals);
  OnlineSide(OnlineSide&&) noexcept;
  OnlineSide& operator=(OnlineSide&&) noexcept;
  ~OnlineSide();

  const config::Cli& config() const { return *config_; }
  storage::Inventory& inventory() { return *inventory_; }
  airgap::ExchangeFolder& folder() { return folder_; }
  // What responders pin.
  absl::StatusOr<block::KeySet> Keys() const;
  // The identity of whoever runs this.
  absl::StatusOr<std::string> Requester() const;

 private:
  OnlineSide(std::unique_ptr<config::Cli> config,
             std::unique_ptr<storage::Inventory> inventory,
             airgap::ExchangeFolder folder);

  std::unique_ptr<config::Cli> config_;
  std::unique_ptr<storage::Inventory> inventory_;
  airgap::ExchangeFolder folder_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AIRGAP_ONLINE_SIDE_H_
