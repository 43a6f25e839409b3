// Which heads are this signer's own, so that those of another one with the same
// ledger are told from them (TRUST 3).
#ifndef CHANCERY_SIGNER_OWN_HEADS_H_
#define CHANCERY_SIGNER_OWN_HEADS_H_

#include <cstddef>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/head.h"
#include "crypto/digest.h"

namespace chancery::signer {

// The heads that this process made: the newest one by one, and of those before
// them no more than how late the last was. Thread-safe.
class OwnHeads {
 public:
  // More than are made while another one's head says that its maker lives: ten
  // a second at most, for as long as the two longest head intervals, ten
  // minutes. Less than a megabyte.
  static constexpr size_t kKept = 8192;

  explicit OwnHeads(size_t kept = kKept) : kept_(kept) {}

  // Before anybody else can have it, or it is taken for another's.
  void Add(const block::Head& head);

  // Whether it is one of them: by all that it says, and not by its signature,
  // of which there may be others that hold. One that is no later than what was
  // forgotten counts as one.
  bool Has(const block::Head& head) const;

  // InfinitePast before the first.
  absl::Time newest() const;

 private:
  const size_t kept_;
  mutable base::Mutex mu_;
  // By time; the SHA-256 is of what it says.
  std::set<std::pair<absl::Time, crypto::Sha256Digest>> made_
      ABSL_GUARDED_BY(mu_);
  absl::Time forgotten_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OWN_HEADS_H_
