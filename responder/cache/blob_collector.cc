#include "responder/cache/blob_collector.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/mutex.h"
#include "rocksdb/db.h"
#include "rocksdb/listener.h"
#include "rocksdb/metadata.h"
#include "rocksdb/options.h"

namespace chancery::responder {
namespace {

constexpr uint64_t kGarbageShare = 5;  // One in so many bytes may be.
constexpr uint64_t kStepShare = 32;
// So much less than a step's cost that it does not matter; and a start's.
constexpr uint64_t kLittle = 1 << 20;

uint64_t NumberOf(const rocksdb::BlobMetaData& file) {
  return file.blob_file_number;
}

std::vector<BlobFile> BlobFiles(rocksdb::DB& db) {
  rocksdb::ColumnFamilyMetaData facts;
  db.GetColumnFamilyMetaData(&facts);
  std::ranges::sort(facts.blob_files, {}, NumberOf);
  std::vector<BlobFile> files;
  for (const rocksdb::BlobMetaData& file : facts.blob_files) {
    files.push_back(
        {.bytes = file.total_blob_bytes, .garbage = file.garbage_blob_bytes});
  }
  return files;
}

}  // namespace

size_t FilesToCollect(const std::vector<BlobFile>& files) {
  uint64_t remaining = 0, garbage = 0;
  for (const BlobFile& file : files) {
    remaining += file.bytes - file.garbage;
    garbage += file.garbage;
  }
  if (garbage <= kLittle || garbage * kGarbageShare <= remaining) return 0;
  uint64_t moved = 0;
  size_t count = 0;
  while (count < files.size() &&
         moved < std::max(kLittle, remaining / kStepShare)) {
    moved += files[count].bytes - files[count].garbage;
    ++count;
  }
  return count;
}

class BlobCollector::State final : public rocksdb::EventListener {
 public:
  void OnCompactionCompleted(rocksdb::DB*,
                             const rocksdb::CompactionJobInfo& done) override {
    if (!done.status.ok()) return;  // Nor would the next.
    base::MutexLock lock(mu_);
    look_ = true;
    changed_.NotifyOne();
  }

  void Start(rocksdb::DB& db) {
    {
      base::MutexLock lock(mu_);
      look_ = true;
      stop_ = false;
    }
    thread_ = std::thread([this, &db] { Collect(db); });
  }

  void Stop() {
    {
      base::MutexLock lock(mu_);
      stop_ = true;
      changed_.NotifyOne();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  bool WaitForWork() {
    base::MutexLock lock(mu_);
    while (!look_ && !stop_) changed_.Wait(mu_);
    look_ = false;
    return !stop_;
  }

  void Collect(rocksdb::DB& db) {
    while (WaitForWork()) {
      // A step that fails (a full disk) is tried again after the next
      // compaction; one that succeeds is a compaction.
      (void)Step(db).ok();
    }
  }

  rocksdb::Status Step(rocksdb::DB& db) {
    const std::vector<BlobFile> files = BlobFiles(db);
    const size_t count = FilesToCollect(files);
    if (count == 0) return rocksdb::Status::OK();
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.canceled = &stop_;
    // Of every table: any may refer to what lies in the oldest files.
    options.bottommost_level_compaction =
        rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.blob_garbage_collection_policy =
        rocksdb::BlobGarbageCollectionPolicy::kForce;
    // RocksDB multiplies and rounds down.
    options.blob_garbage_collection_age_cutoff =
        std::min(1.0, (static_cast<double>(count) + 0.5) /
                          static_cast<double>(files.size()));
    return db.CompactRange(options, nullptr, nullptr);
  }

  base::Mutex mu_;
  base::CondVar changed_;
  bool look_ ABSL_GUARDED_BY(mu_) = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

BlobCollector::BlobCollector() : state_(std::make_shared<State>()) {}

BlobCollector::~BlobCollector() = default;

std::shared_ptr<rocksdb::EventListener> BlobCollector::listener() const {
  return state_;
}

void BlobCollector::Start(rocksdb::DB& db) { state_->Start(db); }

void BlobCollector::Stop() { state_->Stop(); }

}  // namespace chancery::responder
