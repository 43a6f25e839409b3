#ifndef CHANCERY_SIGNER_LEDGER_ROCKSDB_PRIVATE_FILES_H_
#define CHANCERY_SIGNER_LEDGER_ROCKSDB_PRIVATE_FILES_H_

#include <memory>

namespace rocksdb {
class Env;
}

namespace chancery::signer {

// RocksDB's default environment, but that every file it makes has mode 0600.
// (RocksDB makes them 0644 less the umask, and its own switch for this is not
// implemented by its file system.) Must outlive the database.
std::unique_ptr<rocksdb::Env> NewPrivateFileEnv();

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_ROCKSDB_PRIVATE_FILES_H_
