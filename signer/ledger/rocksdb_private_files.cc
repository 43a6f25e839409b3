#include "signer/ledger/rocksdb_private_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace chancery::signer {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOStatus;

IOStatus MakePrivate(const std::string& path, IOStatus made) {
  if (!made.ok() || chmod(path.c_str(), 0600) == 0) return made;
  return IOStatus::IOError("chmod 600 " + path, std::strerror(errno));
}

class PrivateFiles final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "ChanceryPrivateFiles"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file,
                           IODebugContext* debug) override {
    return MakePrivate(
        path, FileSystemWrapper::NewWritableFile(path, options, file, debug));
  }
  IOStatus ReopenWritableFile(const std::string& path,
                              const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* file,
                              IODebugContext* debug) override {
    return MakePrivate(path, FileSystemWrapper::ReopenWritableFile(
                                 path, options, file, debug));
  }
  IOStatus ReuseWritableFile(const std::string& path,
                             const std::string& old_path,
                             const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file,
                             IODebugContext* debug) override {
    return MakePrivate(path, FileSystemWrapper::ReuseWritableFile(
                                 path, old_path, options, file, debug));
  }
  IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                     std::shared_ptr<rocksdb::Logger>* logger,
                     IODebugContext* debug) override {
    return MakePrivate(
        path, FileSystemWrapper::NewLogger(path, options, logger, debug));
  }
  IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options,
                    rocksdb::FileLock** lock, IODebugContext* debug) override {
    return MakePrivate(path,
                       FileSystemWrapper::LockFile(path, options, lock, debug));
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> NewPrivateFileEnv() {
  return rocksdb::NewCompositeEnv(
      std::make_shared<PrivateFiles>(rocksdb::FileSystem::Default()));
}

}  // namespace chancery::signer
