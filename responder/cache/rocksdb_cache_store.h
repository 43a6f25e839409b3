#ifndef CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_
#define CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "responder/cache/cache_store.h"

namespace chancery::responder {

struct OpenedCacheStore {
  std::unique_ptr<CacheStore> store;
  // Why RocksDB's files in the folder were removed; empty if they were not.
  std::string wiped;
};

// A RocksDB in `folder`, which is made if it is not there. What is damaged is
// removed and the store starts empty: it is only a cache. A folder that is
// deleted while it is in use fails writes, later or never, and nothing else.
// FailedPrecondition: another process uses the folder. Unavailable: it cannot
// be made or written.
absl::StatusOr<OpenedCacheStore> OpenRocksDbCacheStore(
    const std::string& folder);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_ROCKSDB_CACHE_STORE_H_
