// What the contract tests of the inventory stand on: each runs on every kind.
#ifndef CHANCERY_STORAGE_INVENTORY_CONTRACT_TEST_H_
#define CHANCERY_STORAGE_INVENTORY_CONTRACT_TEST_H_

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "storage/database.h"
#include "storage/inventory.h"

namespace chancery::storage {

inline constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
inline const std::string kIssuer(32, '\x11');
inline const std::string kBlock("block\0with\0nul\0s", 16);

// Different in all of its fields for each number, from 1 on.
CertificateRow Certificate(int number);
// Of Certificate(number).
StatusRow Status(int number, CertificateStatus status, uint64_t index);
BlockRow Block(uint64_t version);

enum class Kind { kSqlite, kPostgres };

// An empty inventory: a file, or a database on a real server.
class InventoryContractTest : public ::testing::TestWithParam<Kind> {
 protected:
  InventoryContractTest();

  // Another connection to the same database.
  absl::StatusOr<std::unique_ptr<Inventory>> TryOpen() const;
  std::unique_ptr<Inventory> Open() const;

  // The same database, for SQL of the test's own.
  std::unique_ptr<Database> OpenDatabase() const;

  std::string path_;  // Of the SQLite file, or of the connection string.
  std::unique_ptr<Inventory> inventory_;
};

inline const auto kKinds = ::testing::Values(Kind::kSqlite, Kind::kPostgres);
std::string NameOfKind(const ::testing::TestParamInfo<Kind>& info);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_INVENTORY_CONTRACT_TEST_H_
