#ifndef CHANCERY_RESPONDER_CACHE_TEMPLATE_SIGNERS_H_
#define CHANCERY_RESPONDER_CACHE_TEMPLATE_SIGNERS_H_

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "block/manifest.h"
#include "block/template.h"
#include "crypto/public_key.h"
#include "responder/cache/pinned_issuers.h"

namespace chancery::responder {

// Who signs the responses of a template. What was found is remembered: a
// template is the same for as long as its id, and to verify its delegate's
// certificate takes as long as to verify a response. Thread-safe.
class TemplateSigners {
 public:
  // So many are remembered. Each OCSP key of an issuer has a few.
  static constexpr size_t kMost = 4096;

  // The issuer's own key, or that of the delegate whose certificate the
  // template has (RFC 6960 section 4.2.2.2). PermissionDenied: it is not about
  // `issuer`, or neither signs it.
  absl::StatusOr<crypto::PublicKey> Of(const block::OcspTemplate& one,
                                       const PinnedIssuer& issuer) const;

 private:
  using Key = std::pair<block::TemplateId, block::IssuerId>;

  mutable base::Mutex mu_;
  mutable absl::flat_hash_map<Key, crypto::PublicKey> known_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_TEMPLATE_SIGNERS_H_
