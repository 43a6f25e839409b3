#ifndef CHANCERY_RESPONDER_CACHE_BLOB_COLLECTOR_H_
#define CHANCERY_RESPONDER_CACHE_BLOB_COLLECTOR_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace rocksdb {
class DB;
class EventListener;
}  // namespace rocksdb

namespace chancery::responder {

// A file of values, some of which have been replaced since.
struct BlobFile {
  uint64_t bytes = 0;
  uint64_t garbage = 0;  // At most `bytes`.
};

// How many of the files, the oldest of which is first, should have their
// remaining values moved now; 0 while garbage is at most a fifth of what
// remains. A step moves a 32nd of what remains, so that what lies twice
// meanwhile is little, however the garbage is spread.
size_t FilesToCollect(const std::vector<BlobFile>& files);

// Gives back the room of replaced values where RocksDB would not.
//
// RocksDB removes a blob file once none of its values is referred to, which is
// all there is to do when blocks are refreshed in the order in which they were
// written. In any other order each file keeps some values. Its own remedies
// move everything beyond an age in each compaction, or, from a share of garbage
// on, in the oldest files as far as one table refers to them: all, here, where
// a table of keys is small. So its garbage collection is off, and this moves
// values in steps, from the oldest files, for as long as FilesToCollect says.
//
// Thread-safe.
class BlobCollector {
 public:
  BlobCollector();
  ~BlobCollector();  // After Stop, if it was started.

  // Goes into the options of the database that is then given to Start.
  std::shared_ptr<rocksdb::EventListener> listener() const;

  // Collects in a thread of its own, now and after each compaction. `db` must
  // be there until Stop, which waits no longer than a step's current file.
  void Start(rocksdb::DB& db);
  void Stop();

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_BLOB_COLLECTOR_H_
