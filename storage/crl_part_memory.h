#ifndef CHANCERY_STORAGE_CRL_PART_MEMORY_H_
#define CHANCERY_STORAGE_CRL_PART_MEMORY_H_

#include <cstdint>
#include <deque>
#include <string>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "storage/rows.h"

namespace chancery::storage {

// The parts of CRLs that were read last. A new CRL goes to all responders at
// once, by senders that keep about the same pace, so that what one of them has
// read is what the others ask for next. A few parts are kept; the
// bytes under a CRL's number never change.
// Thread-safe; one reads while the others wait for it.
class CrlPartMemory {
 public:
  // From memory, or by `read`, whose errors are not kept.
  absl::StatusOr<std::string> Get(
      const CrlRow& crl, uint32_t part,
      absl::FunctionRef<absl::StatusOr<std::string>()> read);

  // Once a newer CRL is held: what it replaced is read no more.
  void Clear();

 private:
  // Issuer, shard, is_delta, number, part.
  using Key = std::tuple<std::string, uint32_t, bool, uint64_t, uint32_t>;
  struct Entry {
    Key key;
    std::string data;
  };

  base::Mutex mu_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mu_);  // The oldest first.
};

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_CRL_PART_MEMORY_H_
