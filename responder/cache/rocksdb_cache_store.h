#ifndef CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_
#define CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "responder/cache/cache_store.h"

namespace chancery::responder {

// A CacheStore whose folder another process can be given.
class FolderCacheStore : public CacheStore {
 public:
  // Lets go of the folder: reads and writes are Unavailable until Reopen.
  virtual void Close() = 0;
  virtual absl::Status Reopen() = 0;
};

struct OpenedCacheStore {
  std::unique_ptr<FolderCacheStore> store;
  // Why RocksDB's files in the folder were removed; empty if they were not.
  std::string wiped;
};

// A RocksDB in `folder`, which is made if it is not there. What is damaged is
// removed and the store starts empty: it is only a cache. A folder that is
// deleted while it is in use fails writes, later or never, and nothing else.
// RocksDB refuses all writes after one has failed, as on a full disk: every few
// seconds the next write opens the folder again first.
// FailedPrecondition: another process uses the folder. Unavailable: it cannot
// be made or written.
absl::StatusOr<OpenedCacheStore> OpenRocksDbCacheStore(
    const std::string& folder);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_
