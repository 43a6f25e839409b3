#include "refresher/publisher.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::refresher {
namespace {

constexpr size_t kBlockIdSize = 16;

}  // namespace

absl::StatusOr<Acknowledged> Publisher::Publish(const Updates& updates,
                                                absl::Duration wait) {
  for (const block::Update& update : updates) {
    if (update.block_id.size() != kBlockIdSize) {
      return absl::InvalidArgumentError(
          absl::StrCat("updates.block_id: ", update.block_id.size(),
                       " bytes: must have ", kBlockIdSize));
    }
    if (update.version == 0 || update.base_version >= update.version) {
      return absl::InvalidArgumentError(
          absl::StrCat("updates.version: ", update.version,
                       ": must follow base version ", update.base_version));
    }
  }
  return sink_.OfferWhile(updates, wait,
                          [&] { return keeper_.Store(updates); });
}

}  // namespace chancery::refresher
