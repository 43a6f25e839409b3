#include "signer/ledger/rocksdb_store.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/no_rocksdb_log.h"
#include "base/status_macros.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"
#include "signer/ledger/rocksdb_private_files.h"

namespace chancery::signer {
namespace {

rocksdb::Slice ToSlice(absl::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

absl::Status ToStatus(const std::string& folder,
                      const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string message =
      absl::StrCat("ledger folder ", folder, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

// What is read, now or as of a snapshot. `db` must outlive it.
class RocksDbReader {
 public:
  RocksDbReader(rocksdb::DB& db, const std::string& folder,
                const rocksdb::Snapshot* snapshot)
      : db_(db), folder_(folder), snapshot_(snapshot) {}

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) const {
    std::string value;
    const rocksdb::Status status = db_.Get(Options(), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    RETURN_IF_ERROR(ToStatus(folder_, status));
    return std::optional<std::string>(std::move(value));
  }

  absl::Status Scan(absl::string_view from, absl::string_view to,
                    KvReader::Visitor visit) const {
    rocksdb::ReadOptions options = Options();
    // What is read once must not drive out what is read often.
    options.fill_cache = false;
    const rocksdb::Slice end = ToSlice(to);
    if (!to.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> rows(db_.NewIterator(options));
    for (rows->Seek(ToSlice(from)); rows->Valid(); rows->Next()) {
      if (!visit(ToView(rows->key()), ToView(rows->value()))) break;
    }
    return ToStatus(folder_, rows->status());
  }

 private:
  rocksdb::ReadOptions Options() const {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    options.snapshot = snapshot_;
    return options;
  }

  rocksdb::DB& db_;
  const std::string& folder_;
  const rocksdb::Snapshot* const snapshot_;
};

class RocksDbSnapshot final : public KvReader {
 public:
  RocksDbSnapshot(rocksdb::DB& db, const std::string& folder)
      : db_(db), snapshot_(db.GetSnapshot()), reader_(db, folder, snapshot_) {}
  ~RocksDbSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override {
    return reader_.Get(key);
  }
  absl::Status Scan(absl::string_view from, absl::string_view to,
                    Visitor visit) const override {
    return reader_.Scan(from, to, visit);
  }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* const snapshot_;
  const RocksDbReader reader_;
};

class RocksDbStore final : public KvStore {
 public:
  RocksDbStore(std::string folder, std::unique_ptr<rocksdb::Env> env,
               std::unique_ptr<rocksdb::DB> db)
      : folder_(std::move(folder)), env_(std::move(env)), db_(std::move(db)) {}

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override {
    return RocksDbReader(*db_, folder_, nullptr).Get(key);
  }

  absl::Status Scan(absl::string_view from, absl::string_view to,
                    Visitor visit) const override {
    return RocksDbReader(*db_, folder_, nullptr).Scan(from, to, visit);
  }

  absl::Status Write(const WriteBatch& batch, bool sync) override {
    rocksdb::WriteBatch rows;
    for (const WriteBatch::Operation& operation : batch.operations()) {
      const rocksdb::Status added =
          operation.value.has_value()
              ? rows.Put(operation.key, *operation.value)
              : rows.Delete(operation.key);
      RETURN_IF_ERROR(ToStatus(folder_, added));
    }
    // The log is synced before the memtable has the rows, so no reader sees
    // them earlier.
    rocksdb::WriteOptions options;
    options.sync = sync;
    return ToStatus(folder_, db_->Write(options, &rows));
  }

  std::unique_ptr<const KvReader> Snapshot() const override {
    return std::make_unique<RocksDbSnapshot>(*db_, folder_);
  }

 private:
  const std::string folder_;
  const std::unique_ptr<rocksdb::Env> env_;
  const std::unique_ptr<rocksdb::DB> db_;  // Goes before what it uses.
};

rocksdb::Options StoreOptions() {
  rocksdb::Options options;
  options.paranoid_checks = true;
  // A record that a power failure cut off was never acknowledged; any other
  // damage must stop the signer, not shorten its memory.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.manual_wal_flush = false;
  // Blocks and CRLs are large and replaced whole: apart from the rows, they are
  // not copied by each compaction.
  options.enable_blob_files = true;
  options.min_blob_size = 8 << 10;
  options.enable_blob_garbage_collection = true;
  options.max_background_jobs = 2;
  // Two at most, beside the cache below: a signer's memory is bounded.
  options.write_buffer_size = 32 << 20;
  // Most rows that are looked for are not there: a request id, a serial, a key
  // that was compromised. A filter says so for a third of what a search costs.
  options.memtable_prefix_bloom_size_ratio = 0.03;
  options.memtable_whole_key_filtering = true;
  options.info_log = std::make_shared<base::NoRocksDbLog>();
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// What is in a folder that RocksDB should open.
enum class Content { kNothing, kDatabase, kRemains };

absl::StatusOr<Content> Inspect(const std::string& folder) {
  struct stat info;
  if (stat(folder.c_str(), &info) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("ledger folder ", folder, ": ", std::strerror(errno)));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("ledger folder ", folder,
                     ": others may enter it; run: chmod 700 ", folder));
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()),
                                                    &closedir);
  if (entries == nullptr) {
    return absl::PermissionDeniedError(
        absl::StrCat("ledger folder ", folder, ": ", std::strerror(errno)));
  }
  Content content = Content::kNothing;
  while (const dirent* entry = readdir(entries.get())) {
    const absl::string_view name = entry->d_name;
    if (name == "CURRENT") return Content::kDatabase;
    if (absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log") ||
        absl::EndsWith(name, ".blob")) {
      content = Content::kRemains;
    }
  }
  return content;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KvStore>> OpenRocksDbStore(
    const std::string& folder) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  ASSIGN_OR_RETURN(const Content content, Inspect(folder));
  if (content == Content::kRemains) {
    return absl::DataLossError(absl::StrCat(
        "ledger folder ", folder, ": it has data but its CURRENT is missing"));
  }
  rocksdb::Options options = StoreOptions();
  options.create_if_missing = content == Content::kNothing;
  std::unique_ptr<rocksdb::Env> env = NewPrivateFileEnv();
  options.env = env.get();

  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder, &opened);
  std::unique_ptr<rocksdb::DB> db(opened);
  if (status.ok()) {
    return std::make_unique<RocksDbStore>(folder, std::move(env),
                                          std::move(db));
  }
  // Only the lock file is named so.
  if (status.IsIOError() && absl::StrContains(status.ToString(), "/LOCK")) {
    return absl::FailedPreconditionError(absl::StrCat(
        "ledger folder ", folder, ": another signer uses this folder (",
        status.ToString(), ")"));
  }
  return ToStatus(folder, status);
}

absl::StatusOr<std::unique_ptr<const KvReader>> OpenRocksDbForReading(
    const std::string& folder) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(StoreOptions(), folder, &opened);
  std::unique_ptr<rocksdb::DB> db(opened);
  if (status.ok()) {
    return std::make_unique<RocksDbStore>(folder, nullptr, std::move(db));
  }
  struct stat info;
  if (stat(absl::StrCat(folder, "/CURRENT").c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrCat("ledger folder ", folder, ": there is no ledger"));
  }
  return ToStatus(folder, status);
}

}  // namespace chancery::signer
