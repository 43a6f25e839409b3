#ifndef CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_
#define CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/file_view.h"
#include "base/mutex.h"
#include "crypto/digest.h"
#include "responder/cache/crl_folder.h"
#include "responder/cache/crl_scope.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/replica.h"
#include "responder/cache/spool_file.h"
#include "responder/crl_source.h"
#include "rpc/log.h"

namespace chancery::responder {

// The newest CRL of each scope of the pinned issuers, in files. Each was signed
// by its issuer; its number only grows; a shard's own issuingDistributionPoint
// ends with the path at which it is served, so that none is taken for another.
// One of 100 MB needs no more memory than a small one, neither when it comes
// nor when it is served. It is served as it came; compressed, from when a
// thread beside has done so. Thread-safe.
class CrlCache final : public CrlSource {
 public:
  // All must outlive the object.
  CrlCache(const PinnedIssuers& issuers, const CrlFolder& folder,
           const base::Clock& clock, const rpc::Log& log);
  ~CrlCache() override;

  // Reads the folder, once, before anything else. What is damaged is dropped
  // and logged, so that a refresher sends it again.
  void Load();

  // As Replica::PutCrl. A number that is not greater changes nothing.
  absl::StatusOr<uint64_t> Put(const HeldCrl& facts, CrlPieces pieces);
  std::vector<HeldCrl> Crls() const;
  // Unavailable: one that Load dropped has not come again.
  absl::Status Complete() const;
  // The extremes of all that are held, each of whichever it is.
  struct Oldest {
    uint64_t number = 0;
    absl::Time this_update = absl::InfiniteFuture();  // That: none is held.
    absl::Time next_update = absl::InfiniteFuture();
  };
  Oldest FindOldest() const;

  std::shared_ptr<const ServedCrl> Find(absl::string_view name) const override;

  // Returns once nothing waits to be compressed.
  void WaitForCompression();

 private:
  struct Held {
    uint64_t number = 0;
    std::string path;  // Where it is served.
    std::shared_ptr<const ServedCrl> crl;
  };
  // What a CRL says, once it is verified.
  struct Checked {
    uint64_t number = 0;
    std::string path;
    // Of its signature, which no other CRL has: the file needs no hash of its
    // own beside the one that the issuer signed.
    crypto::Sha256Digest id = {};
    Freshness times;
  };

  absl::StatusOr<Checked> Check(const PinnedIssuer& issuer,
                                const CrlScope& scope,
                                const base::FileView& crl) const;
  void LoadInto(const CrlScope& scope);
  absl::StatusOr<Held> LoadOne(const PinnedIssuer& issuer,
                               const CrlScope& scope) const;
  absl::StatusOr<SpoolFile> Receive(CrlPieces pieces) const;
  absl::StatusOr<uint64_t> Store(const PinnedIssuer& issuer,
                                 const CrlScope& scope, const HeldCrl& facts,
                                 SpoolFile spool);
  std::optional<uint64_t> NumberOf(const CrlScope& scope) const;
  void Serve(const CrlScope& scope, Held held);

  void CompressLater(const CrlScope& scope);
  void Compress();  // The thread's work.
  void CompressOne(const CrlScope& scope);

  const PinnedIssuers& issuers_;
  const CrlFolder& folder_;
  const base::Clock& clock_;
  const rpc::Log& log_;

  base::Mutex writer_;  // Held while files are replaced and published.
  mutable base::Mutex mu_;
  std::map<CrlScope, Held> held_ ABSL_GUARDED_BY(mu_);
  std::set<CrlScope> lost_ ABSL_GUARDED_BY(mu_);  // See Complete.
  absl::flat_hash_map<std::string, std::shared_ptr<const ServedCrl>> served_
      ABSL_GUARDED_BY(mu_);  // By path.

  base::Mutex compress_mu_;
  base::CondVar compress_changed_;
  std::set<CrlScope> to_compress_ ABSL_GUARDED_BY(compress_mu_);
  bool compressing_ ABSL_GUARDED_BY(compress_mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(compress_mu_) = false;
  std::thread compressor_;  // Begun with the first that is worth it.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CRL_CACHE_H_
