#ifndef CHANCERY_STORAGE_OPEN_CONFIGURED_H_
#define CHANCERY_STORAGE_OPEN_CONFIGURED_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/inventory.h"

namespace chancery::config {
class Inventory;
}

namespace chancery::storage {

// InvalidArgument unless exactly one kind of inventory is configured. Opens
// nothing.
absl::Status CheckInventory(const config::Inventory& config);

// The inventory that a service's configuration names. As in open.h.
absl::StatusOr<std::unique_ptr<Inventory>> OpenConfigured(
    const config::Inventory& config);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_OPEN_CONFIGURED_H_
