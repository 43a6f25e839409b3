// Tells one CDN what to drop.
#ifndef CHANCERY_REFRESHER_PURGE_PURGER_H_
#define CHANCERY_REFRESHER_PURGE_PURGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"
#include "ledger/entry.h"
#include "refresher/purge/http_poster.h"
#include "refresher/purge/purge_request.h"
#include "refresher/signer_client.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Follows the signer's ledger with a cursor of its own in the inventory, so
// that neither a restart nor an endpoint that is away loses a purge, and none
// holds up a revocation or another endpoint. What a status or a CRL changed is
// posted once every responder that is ready serves it: before, a CDN would only
// fetch the old answer again. The cursor moves after the endpoint has taken it,
// so a purge may come twice. A first start begins at the ledger's present end.
//
// One caller at a time, but for the counters.
class Purger {
 public:
  // Whether every ready responder serves what ledger entries before `size` say,
  // and (`crls`) has compared its CRLs with the inventory's since `since`.
  // False if none is ready.
  using Served =
      std::function<bool(uint64_t size, absl::Time since, bool crls)>;

  struct Parts {
    SignerClient& signer;
    storage::Inventory& inventory;
    HttpPoster& poster;
    const base::Clock& clock;
    base::Random& random;
    const rpc::Log& log;
    Served served;
  };
  struct Options {
    std::string signer = {};  // Whose ledger: as the follower names it.
    std::string token_file = {};
    // Where clients reach the CDN; URLs are told only with it.
    std::vector<std::string> public_urls = {};
    absl::Duration first_retry = absl::Seconds(1);
    absl::Duration last_retry = absl::Minutes(5);
  };

  // All in `parts` must outlive this object.
  Purger(Parts parts, PurgeEndpoint endpoint, Options options);

  // Posts what has become due, one batch. True if there may be more at once.
  // An endpoint that fails is left alone for a while, and tried for ever.
  // Unavailable: signer, inventory or endpoint. FailedPrecondition: the token's
  // file; the ledger is shorter than it was.
  absl::StatusOr<bool> Step();

  const std::string& name() const { return endpoint_.name; }
  uint64_t purged() const { return purged_; }  // Tags or URLs.
  uint64_t failed() const { return failed_; }  // Requests.
  // How long the oldest change that was not posted has been in the ledger.
  absl::Duration Waiting() const;

 private:
  struct Batch {
    PurgeWork work = {};
    uint64_t from = 0;        // The cursor that it was read at.
    uint64_t next = 0;        // Where the cursor goes afterwards.
    uint64_t newest = 0;      // Entry of the last change in it.
    absl::Time changed = {};  // The first change in it.
    bool has_crl = false;
    // CRLs in it -> number.
    std::map<storage::CrlScope, uint64_t> crls = {};
    absl::Time complete = absl::InfiniteFuture();  // In the inventory.
    bool more = false;  // The ledger goes on after it.
  };

  absl::StatusOr<Batch> Read(uint64_t from);
  // Adds what `entry` changed; false, and nothing added, if it does not fit.
  absl::StatusOr<bool> Add(const ledger::Entry& entry, Batch& batch);
  absl::Status AddStatus(const ledger::StatusEntry& status, PurgeWork& work);
  absl::Status AddCrl(const ledger::CrlEntry& crl, Batch& batch);
  // What the signer says of it; never changes.
  absl::StatusOr<const ListedIssuer*> IssuerOf(const std::string& issuer_id);
  // Whether the inventory has all of the batch.
  absl::StatusOr<bool> InventoryHas(const Batch& batch);
  absl::Status Post(const PurgeWork& work);
  absl::Status SetCursor(uint64_t next);

  const Parts parts_;
  const PurgeEndpoint endpoint_;
  const Options options_;
  const std::string cursor_name_;
  std::map<std::string, ListedIssuer> issuers_;
  std::optional<Batch> pending_;
  absl::Time not_before_ = absl::InfinitePast();
  absl::Duration retry_;
  std::atomic<uint64_t> purged_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::atomic<int64_t> waiting_since_ = 0;  // Unix seconds; 0: nothing waits.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_PURGER_H_
