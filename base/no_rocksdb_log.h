#ifndef CHANCERY_BASE_NO_ROCKSDB_LOG_H_
#define CHANCERY_BASE_NO_ROCKSDB_LOG_H_

#include <cstdarg>

#include "rocksdb/env.h"

namespace chancery::base {

// In place of RocksDB's LOG file, which it goes on writing to after a write
// has failed, to fall over an assertion of its own: a full disk must not end
// the process. What failed is in the status of each call. Thread-safe.
class NoRocksDbLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_NO_ROCKSDB_LOG_H_
