#ifndef CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_
#define CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "responder/cache/cache_store.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/replica.h"
#include "responder/crl_source.h"
#include "rpc/log.h"

namespace chancery::responder {

// The newest CRL of each pinned issuer, in memory and, for the next start, in a
// store. Each was signed by its issuer; its number only grows. A store that
// does not take a write is logged and done without. Thread-safe.
class CrlCache final : public CrlSource {
 public:
  // All must outlive the object.
  CrlCache(const PinnedIssuers& issuers, CacheStore& store,
           const base::Clock& clock, const rpc::Log& log);

  // Reads the store, once, before anything else.
  void Load();

  // As Replica::PutCrl. A number that is not greater changes nothing.
  absl::StatusOr<uint64_t> Put(const HeldCrl& facts, const std::string& der);
  std::vector<HeldCrl> Crls() const;

  std::shared_ptr<const ServedCrl> Find(absl::string_view name) const override;

 private:
  struct Held {
    uint64_t number = 0;
    std::shared_ptr<const ServedCrl> crl;
  };

  absl::StatusOr<Held> Open(const PinnedIssuer& issuer,
                            absl::string_view der) const;

  const PinnedIssuers& issuers_;
  CacheStore& store_;
  const base::Clock& clock_;
  const rpc::Log& log_;

  base::Mutex writer_;  // Held while a CRL is verified and published.
  mutable base::Mutex mu_;
  std::vector<Held> held_ ABSL_GUARDED_BY(mu_);  // By issuer.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_
