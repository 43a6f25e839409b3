#include "refresher/testing/refresher_fixture.h"

#include <atomic>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "storage/open.h"

namespace chancery::refresher::testing {

RefresherFixture::RefresherFixture()
    : real_inventory_(NewInventory()), inventory_(*real_inventory_) {}

std::unique_ptr<storage::Inventory> RefresherFixture::NewInventory() {
  static std::atomic<int> made = 0;
  path_ =
      crypto::testing::TempPath("inventory" + std::to_string(made++) + ".db");
  return OpenAgain();
}

std::unique_ptr<storage::Inventory> RefresherFixture::OpenAgain() const {
  auto opened = storage::OpenSqlite(path_);
  EXPECT_THAT(opened, base::testing::IsOk());
  return *std::move(opened);
}

uint64_t RefresherFixture::InventoryVersion(const std::string& block_id) {
  auto versions = real_inventory_->BlockVersions();
  EXPECT_THAT(versions, base::testing::IsOk());
  return (*versions)[block_id];
}

}  // namespace chancery::refresher::testing
