#ifndef CHANCERY_RESPONDER_CACHE_CACHE_STORE_H_
#define CHANCERY_RESPONDER_CACHE_CACHE_STORE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::responder {

// Where a cache is kept over a restart. Written all the time, read once, at the
// start. A write survives the process; whether it survives a power failure does
// not matter, since what is missing is sent again. Thread-safe, except that
// ForEach and Clear are called beside nothing else.
class CacheStore {
 public:
  using Visitor =
      absl::FunctionRef<void(absl::string_view key, absl::string_view value)>;

  virtual ~CacheStore() = default;

  virtual absl::Status Put(absl::string_view key, absl::string_view value) = 0;
  virtual absl::Status Delete(absl::string_view key) = 0;

  // Every row whose key begins with `prefix`, ascending; the views last as long
  // as the call. DataLoss: from here on the store cannot be read.
  virtual absl::Status ForEach(absl::string_view prefix,
                               Visitor visit) const = 0;

  // Leaves an empty store, whatever was there.
  virtual absl::Status Clear() = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CACHE_STORE_H_
