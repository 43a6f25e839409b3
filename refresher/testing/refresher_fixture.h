#ifndef CHANCERY_REFRESHER_TESTING_REFRESHER_FIXTURE_H_
#define CHANCERY_REFRESHER_TESTING_REFRESHER_FIXTURE_H_

#include <memory>
#include <sstream>
#include <string>

#include "base/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "refresher/block_keeper.h"
#include "refresher/testing/fake_signer.h"
#include "refresher/testing/recording_sink.h"
#include "rpc/log.h"
#include "storage/testing/failing_inventory.h"

namespace chancery::refresher::testing {

// What a refresher works with: a signer in memory, an inventory in SQLite that
// can fail, a sink that keeps what it is offered.
class RefresherFixture : public ::testing::Test {
 protected:
  RefresherFixture();

  // A new database file.
  std::unique_ptr<storage::Inventory> NewInventory();
  // The newest one once more, as another process has it.
  std::unique_ptr<storage::Inventory> OpenAgain() const;
  // Of a block in the inventory, with deltas; 0: none.
  uint64_t InventoryVersion(const std::string& block_id);
  bool Logged(const std::string& event) const {
    return lines_.str().find(" " + event) != std::string::npos;
  }

  std::string path_;  // Of the newest database file.
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  FakeSigner signer_{clock_};
  std::unique_ptr<storage::Inventory> real_inventory_;
  storage::testing::FailingInventory inventory_;
  BlockKeeper keeper_{inventory_, signer_};
  RecordingSink sink_;
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_REFRESHER_FIXTURE_H_
