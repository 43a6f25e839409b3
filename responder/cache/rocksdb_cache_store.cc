#include "responder/cache/rocksdb_cache_store.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/no_rocksdb_log.h"
#include "base/status_macros.h"
#include "responder/cache/blob_collector.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"

namespace chancery::responder {
namespace {

constexpr std::chrono::seconds kHealInterval(2);

rocksdb::Slice ToSlice(absl::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

absl::Status ToStatus(const std::string& folder,
                      const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string message =
      absl::StrCat("cache folder ", folder, ": ", status.ToString());
  // Only the lock file is named so.
  if (status.IsIOError() && absl::StrContains(message, "/LOCK")) {
    return absl::FailedPreconditionError(
        absl::StrCat("another process uses it: ", message));
  }
  if (status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
      status.IsInvalidArgument() || status.IsNotSupported()) {
    return absl::DataLossError(message);
  }
  return absl::UnavailableError(message);
}

rocksdb::Options StoreOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // A record that was cut off when the machine died will be sent again.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Blocks are large and replaced whole: compactions leave them where they
  // lie, and only read and write keys. So these may be frequent, and files
  // small: a replaced block's room comes back early. BlobCollector does the
  // rest of what RocksDB's garbage collection is for.
  options.enable_blob_files = true;
  options.min_blob_size = 4 << 10;
  options.blob_file_size = 4 << 20;
  options.write_buffer_size = 4 << 20;
  options.level0_file_num_compaction_trigger = 2;
  // Logs are what they hold, not what they might.
  options.allow_fallocate = false;
  // A hundred million certificates are two thousand files, which are read at
  // the start: descriptors are for connections.
  options.max_open_files = 64;
  // They are read from end to end, or not at all.
  options.advise_random_on_open = false;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<base::NoRocksDbLog>();
  // Rows are read once, at the start.
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(4 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

struct Closer {
  std::shared_ptr<BlobCollector> collector;

  void operator()(rocksdb::DB* db) const {
    collector->Stop();
    delete db;
  }
};
using Database = std::unique_ptr<rocksdb::DB, Closer>;

absl::StatusOr<Database> Open(const std::string& folder) {
  const auto collector = std::make_shared<BlobCollector>();
  rocksdb::Options options = StoreOptions();
  options.listeners.push_back(collector->listener());
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder, &opened);
  Database db(opened, Closer{collector});
  RETURN_IF_ERROR(ToStatus(folder, status));
  collector->Start(*db);
  return db;
}

// Removes RocksDB's own files and no others: the folder may have been mistyped.
absl::Status Destroy(const std::string& folder) {
  return ToStatus(folder, rocksdb::DestroyDB(folder, StoreOptions()));
}

class RocksDbCacheStore final : public FolderCacheStore {
 public:
  RocksDbCacheStore(std::string folder, Database db)
      : folder_(std::move(folder)), db_(std::move(db)) {}

  absl::Status Put(absl::string_view key, absl::string_view value) override {
    return Write([&](rocksdb::DB& db) {
      return db.Put(rocksdb::WriteOptions(), ToSlice(key), ToSlice(value));
    });
  }

  absl::Status Delete(absl::string_view key) override {
    return Write([&](rocksdb::DB& db) {
      return db.Delete(rocksdb::WriteOptions(), ToSlice(key));
    });
  }

  absl::Status ForEach(absl::string_view prefix, Visitor visit) const override {
    const std::shared_lock lock(mu_);
    if (db_ == nullptr) return Gone();
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(options));
    for (rows->Seek(ToSlice(prefix));
         rows->Valid() && rows->key().starts_with(ToSlice(prefix));
         rows->Next()) {
      visit({rows->key().data(), rows->key().size()},
            {rows->value().data(), rows->value().size()});
    }
    // Whatever stands in the way, the rows behind it are not to be had.
    if (rows->status().ok()) return absl::OkStatus();
    return absl::DataLossError(ToStatus(folder_, rows->status()).message());
  }

  absl::Status Clear() override {
    const std::unique_lock lock(mu_);
    failing_ = true;
    db_.reset();
    RETURN_IF_ERROR(Destroy(folder_));
    return OpenAgain();
  }

  void Close() override {
    const std::unique_lock lock(mu_);
    db_.reset();
    closed_ = true;
  }

  absl::Status Reopen() override {
    const std::unique_lock lock(mu_);
    closed_ = false;
    return OpenAgain();
  }

 private:
  // Not the wall clock, which jumps.
  using Clock = std::chrono::steady_clock;

  absl::Status Write(absl::FunctionRef<rocksdb::Status(rocksdb::DB&)> write) {
    if (failing_.load()) RETURN_IF_ERROR(Heal());
    absl::Status status;
    {
      const std::shared_lock lock(mu_);
      if (db_ == nullptr) return Gone();
      status = ToStatus(folder_, write(*db_));
    }
    if (!status.ok()) failing_ = true;
    return status;
  }

  // What RocksDB has in memory and could not write is lost: it comes again.
  absl::Status Heal() {
    const std::unique_lock lock(mu_);
    if (!failing_.load()) return absl::OkStatus();  // Another thread did.
    if (closed_) return Gone();
    if (Clock::now() < heal_at_) {
      return absl::UnavailableError(absl::StrCat(
          "cache folder ", folder_, ": a write failed a moment ago"));
    }
    return OpenAgain();
  }

  absl::Status OpenAgain() {
    heal_at_ = Clock::now() + kHealInterval;
    failing_ = true;
    db_.reset();
    auto opened = Open(folder_);
    if (absl::IsDataLoss(opened.status())) {
      RETURN_IF_ERROR(Destroy(folder_));
      opened = Open(folder_);
    }
    RETURN_IF_ERROR(opened.status());
    db_ = *std::move(opened);
    failing_ = false;
    return absl::OkStatus();
  }

  absl::Status Gone() const {
    return absl::UnavailableError(
        absl::StrCat("cache folder ", folder_, ": is not open"));
  }

  const std::string folder_;
  // Shared by those that use db_, exclusive for those that replace it.
  mutable std::shared_mutex mu_;
  Database db_;  // Null while it cannot be opened.
  bool closed_ = false;
  std::atomic<bool> failing_{false};
  Clock::time_point heal_at_;
};

}  // namespace

absl::StatusOr<OpenedCacheStore> OpenRocksDbCacheStore(
    const std::string& folder) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  // Files of mode 0600. The default Env is the process's: all its RocksDBs.
  rocksdb::Env::Default()->SetAllowNonOwnerAccess(false).PermitUncheckedError();
  auto db = Open(folder);
  std::string wiped;
  // Files that a damaged one names may be gone: an IOError that is not the
  // lock's.
  if (!db.ok() && !absl::IsFailedPrecondition(db.status())) {
    wiped = std::string(db.status().message());
    RETURN_IF_ERROR(Destroy(folder));
    db = Open(folder);
  }
  RETURN_IF_ERROR(db.status());
  return OpenedCacheStore{
      .store = std::make_unique<RocksDbCacheStore>(folder, *std::move(db)),
      .wiped = std::move(wiped)};
}

}  // namespace chancery::responder
