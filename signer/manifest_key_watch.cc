#include "signer/manifest_key_watch.h"

#include <utility>

#include "base/status_macros.h"
#include "block/key_set.h"

namespace chancery::signer {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(5);

}  // namespace

ManifestKeyWatch::ManifestKeyWatch(const ManifestKeys& keys,
                                   std::string key_set_file,
                                   rpc::Process& process)
    : keys_(keys), key_set_file_(std::move(key_set_file)), process_(process) {}

absl::StatusOr<ManifestKeys::Choice> ManifestKeyWatch::Choose() const {
  ASSIGN_OR_RETURN(const block::KeySet set, ReadKeySet(key_set_file_));
  return keys_.ChooseAt(process_.clock().Now(), set);
}

bool ManifestKeyWatch::Holds(const ManifestKeys::Choice& choice) {
  if (process_.clock().Now() < due_) return held_;
  due_ = process_.clock().Now() + kInterval;
  const auto now = Choose();
  if (!now.ok()) {
    process_.log().Error("key_set_not_read", {{"why", now.status()}});
  }
  held_ = now.value_or(choice) == choice;
  return held_;
}

}  // namespace chancery::signer
