#ifndef CHANCERY_SIGNER_OFFLINE_HEADS_H_
#define CHANCERY_SIGNER_OFFLINE_HEADS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/head.h"
#include "block/key_set.h"

namespace chancery::signer {

// What signers without a network said of their blocks last, from the files that
// `chancery airgap import --head` writes: a running signer's heads name these
// blocks too, so that responders know that they lack one (TRUST 10).
// Thread-safe.
class OfflineHeads {
 public:
  using Rows = std::vector<std::pair<block::BlockId, uint64_t>>;
  // Told of a file that is there and cannot be believed; what it said before
  // stays.
  using Failed =
      std::function<void(const std::string& file, const absl::Status& why)>;

  // `key_set_file` says whose heads count. A file that is not there yet says
  // nothing. FailedPrecondition: files and no key set. InvalidArgument: it is
  // none.
  static absl::StatusOr<std::unique_ptr<OfflineHeads>> Open(
      const std::vector<std::string>& files, const std::string& key_set_file,
      Failed failed);

  // The blocks that the newest head of each names. Looks whether a file was
  // replaced; one of an earlier time than the last is not taken.
  Rows Read();

 private:
  struct Source {
    std::string file = {};
    std::string content_of = {};  // Which content was looked at last.
    absl::Time time = absl::InfinitePast();
    Rows rows = {};
  };

  OfflineHeads(block::KeySet keys, Failed failed)
      : keys_(std::move(keys)), failed_(std::move(failed)) {}
  absl::Status Take(Source& source) const;

  const block::KeySet keys_;
  const Failed failed_;
  base::Mutex mu_;
  std::vector<Source> sources_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OFFLINE_HEADS_H_
