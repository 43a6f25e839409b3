#ifndef CHANCERY_SIGNER_HEAD_TICKER_H_
#define CHANCERY_SIGNER_HEAD_TICKER_H_

#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "signer/head_signer.h"

namespace chancery::signer {

// Has a head signed at the start, every minute, and soon after each change of a
// status, on a thread of its own; changes that come together share one.
// Thread-safe.
class HeadTicker {
 public:
  struct Options {
    absl::Duration interval = absl::Minutes(1);
    // Between two heads at least. Also how soon one that failed is tried again.
    absl::Duration spacing = absl::Milliseconds(100);
    // Told of each head that could not be signed, from the ticker's thread.
    std::function<void(const absl::Status&)> failed = [](const absl::Status&) {
    };
  };

  // `heads` must outlive this object.
  HeadTicker(HeadSigner& heads, Options options);
  ~HeadTicker();
  HeadTicker(const HeadTicker&) = delete;
  HeadTicker& operator=(const HeadTicker&) = delete;

  // A status has changed.
  void Poke();

  // The newest head once it is later than `after`; null when none was signed
  // within `wait`, or at once when many wait already.
  std::shared_ptr<const NewestHead> Wait(absl::Time after, absl::Duration wait);

 private:
  void Work();

  HeadSigner& heads_;
  const Options options_;
  base::Mutex mu_;
  base::CondVar changed_;
  bool poked_ ABSL_GUARDED_BY(mu_) = true;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
  std::thread thread_;  // Last: it uses all others.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_HEAD_TICKER_H_
