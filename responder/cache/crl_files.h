#ifndef CHANCERY_RESPONDER_CACHE_CRL_FILES_H_
#define CHANCERY_RESPONDER_CACHE_CRL_FILES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "responder/crl_source.h"

namespace chancery::responder {

// Files of CRLs with a bound on how many descriptors they have. The first ones
// stay open, so that they are served whatever becomes of their folder; of the
// others, which there are in a responder with hundreds of issuers, those are
// open that clients are taking. Thread-safe.
class CrlFiles {
 public:
  explicit CrlFiles(size_t descriptors)
      : count_(std::make_shared<Count>(descriptors)) {}

  // `file` is the one that has the name `path` now. Whoever opens it later gets
  // that one, or, if it has been replaced, none.
  std::shared_ptr<const CrlFile> Add(base::Fd file, std::string path) const;

 private:
  class Kept;
  class Named;
  // What is open now. Lives as long as any of that.
  struct Count {
    explicit Count(size_t descriptors) : limit(descriptors) {}
    const size_t limit;
    std::atomic<size_t> open{0};
  };
  using Shared = std::shared_ptr<const base::Fd>;

  // Counts until it is closed. Null if there would be more than `most`.
  static Shared Hold(const std::shared_ptr<Count>& count, base::Fd file,
                     size_t most);

  std::shared_ptr<Count> count_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CRL_FILES_H_
