#ifndef CHANCERY_RESPONDER_CACHE_UPDATE_VERIFIER_H_
#define CHANCERY_RESPONDER_CACHE_UPDATE_VERIFIER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/random.h"
#include "block/block.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/template_signers.h"

namespace chancery::responder {

// Decides what a responder believes (TRUST 4): only what a manifest key of the
// key set of now signed, for an issuer it may sign for, and only whole.
// Thread-safe.
class UpdateVerifier {
 public:
  // All must outlive the object. `random` chooses which signatures are checked,
  // so that nobody knows which bad one would pass.
  UpdateVerifier(const KeyRing& keys, const PinnedIssuers& issuers,
                 base::Random& random)
      : keys_(keys), issuers_(issuers), random_(random) {}

  // A whole block. Its manifest's signature, times not in the future, each
  // template its issuer's, every response byte for byte what the manifest
  // commits to, and the signature of one response in 100, at least one.
  absl::StatusOr<block::Block> Open(base::Bytes encoded,
                                    const block::TemplateMap& known,
                                    absl::Time now) const;

  // A block that Open returned before, from where nobody but us writes. Who may
  // sign may have changed since, and the clock; the records have not, so that
  // one of them is looked at.
  absl::StatusOr<block::Block> Reopen(base::Bytes encoded,
                                      const block::TemplateMap& known,
                                      absl::Time now) const;

  // `held` after `delta`, checked in the same way. FailedPrecondition: it leads
  // from another version.
  absl::StatusOr<block::Block> Advance(const block::Block& held,
                                       const block::Delta& delta,
                                       absl::Time now) const;

  // Whether the key that signed what Open, Reopen or Advance returned may still
  // sign for its issuer. PermissionDenied: it may not.
  absl::Status CheckKey(const block::Block& held, absl::Time now) const;

 private:
  absl::Status CheckManifest(const block::Signed& signed_manifest,
                             const block::Manifest& manifest,
                             absl::Time now) const;
  // Of a block's places; all of them have times that can be served by now.
  absl::Status CheckRecords(const block::Block& block,
                            const std::vector<uint32_t>& places,
                            absl::Time now) const;

  const KeyRing& keys_;
  const PinnedIssuers& issuers_;
  base::Random& random_;
  const TemplateSigners signers_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_UPDATE_VERIFIER_H_
