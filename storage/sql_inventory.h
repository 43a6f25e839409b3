#ifndef CHANCERY_STORAGE_SQL_INVENTORY_H_
#define CHANCERY_STORAGE_SQL_INVENTORY_H_

#include <memory>

#include "storage/database.h"
#include "storage/inventory.h"

namespace chancery::storage {

// The inventory over any Database whose schema is up to date.
std::unique_ptr<Inventory> MakeSqlInventory(std::unique_ptr<Database> database);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_SQL_INVENTORY_H_
