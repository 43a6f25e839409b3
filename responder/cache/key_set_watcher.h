// Takes a newer key set while the responder runs (TRUST 4).
#ifndef CHANCERY_RESPONDER_CACHE_KEY_SET_WATCHER_H_
#define CHANCERY_RESPONDER_CACHE_KEY_SET_WATCHER_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "responder/cache/cache_store.h"

namespace chancery::responder {

// The key set in a file, under pinned roots. Its version only grows, also over
// a restart, for as long as the cache lasts. Thread-compatible.
class KeySetWatcher {
 public:
  KeySetWatcher(std::string file, block::KeySetRoots roots)
      : file_(std::move(file)), roots_(std::move(roots)) {}

  // The set to begin with. PermissionDenied: not under the roots.
  absl::StatusOr<block::KeySet> Load();

  // Before what Load returned is believed, once. `store` must outlive this
  // object. FailedPrecondition: this responder has had a newer one.
  absl::Status Begin(CacheStore& store);

  // A newer set than the last, if the file was replaced by one since.
  // FailedPrecondition: an older one, or one with other issuers, which takes a
  // restart. An error is told once, until the file changes again.
  absl::StatusOr<std::optional<block::KeySet>> Poll();

 private:
  absl::StatusOr<block::KeySet> Open(const std::string& bytes) const;
  absl::StatusOr<std::optional<block::KeySet>> Take(const std::string& bytes);
  // What does not reach the disk is remembered at the next start.
  void Remember();

  const std::string file_;
  const block::KeySetRoots roots_;
  CacheStore* store_ = nullptr;
  block::KeySet present_;
  std::string seen_;  // The file's bytes when it was last looked at.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_KEY_SET_WATCHER_H_
