#ifndef CHANCERY_SIGNER_OCSP_KEY_ROTATION_H_
#define CHANCERY_SIGNER_OCSP_KEY_ROTATION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "crypto/software_key.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/ocsp_key_folder.h"
#include "signer/ocsp_private_keys.h"

namespace chancery::signer {

// Makes the delegated OCSP keys of all issuers that rotate theirs, and replaces
// them in time (TRUST 6). With L, the longest validity of a response:
//
//   0            2L - 1 d        2L - 10 min      about 2.5 L      3L
//   made,        its successor   the successor    destroyed: no    notAfter
//   signs        is made         signs            response of it
//                                                 is the newest
//
// So each response ends before the certificate whose key signed it, whatever
// was signed last. Which key signs follows from the clock and the keys that
// there are, so that a restart changes nothing. Thread-safe.
class OcspKeyRotation {
 public:
  struct Options {
    std::string folder = {};  // Of certificates.
    std::shared_ptr<OcspPrivateKeys> private_keys = {};
    std::string subject = {};  // DER Name.
    crypto::KeySpec key = {};
    // A successor is there so long before it signs, but at most L/2.
    absl::Duration lead = absl::Hours(24);
    // A key signs no more while so much more than L is left.
    absl::Duration margin = absl::Minutes(10);
  };
  struct Report {
    absl::Time created = {};      // The key that signs.
    absl::Time signs_until = {};  // And for how long.
    size_t keys = 0;              // That exist.
  };

  // All must outlive this object.
  OcspKeyRotation(IssuerTable& issuers, Ledger& ledger,
                  const base::Clock& clock, base::Random& random,
                  Options options);

  // Whether there is anything to rotate.
  bool any() const { return !names_.empty(); }

  // Does what is due now: to be called once before anything is signed, then
  // every minute. After an error what was there before signs on, for as long as
  // it may.
  absl::StatusOr<Report> Step();

 private:
  absl::Time EndOf(absl::Time created) const;
  absl::Time SignsUntil(const OcspKey& key) const;
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Make(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The one that signs now: the oldest that may.
  OcspKey* Present(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Has all issuers certify it that have not yet.
  absl::Status Certify(OcspKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Use(const OcspKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // There is a present one.
  absl::Status DestroyUnused(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Of all blocks with responses that live: when the oldest was signed.
  absl::StatusOr<absl::Time> OldestBlock() const;

  IssuerTable& issuers_;
  Ledger& ledger_;
  const base::Clock& clock_;
  base::Random& random_;
  const Options options_;
  std::vector<std::string> names_;  // Of the issuers.
  absl::Duration validity_;         // L.

  base::Mutex mu_;
  std::optional<OcspKeyFolder> folder_ ABSL_GUARDED_BY(mu_);
  std::vector<OcspKey> keys_ ABSL_GUARDED_BY(mu_);  // By time.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_KEY_ROTATION_H_
