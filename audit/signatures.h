// Whether what the ledger says was signed was signed, and by whom it may be.
#ifndef CHANCERY_AUDIT_SIGNATURES_H_
#define CHANCERY_AUDIT_SIGNATURES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "block/key_set.h"
#include "x509/certificate/certificate.h"

namespace chancery::audit {

// The pinned key set, opened: issuers' certificates by id. Immutable;
// thread-safe.
class PinnedKeys {
 public:
  // InvalidArgument: a certificate in it does not parse.
  static absl::StatusOr<PinnedKeys> Create(block::KeySet set);

  const block::KeySet& set() const { return set_; }
  struct Issuer {
    std::string name;
    x509::Certificate certificate;
  };
  const std::map<std::string, Issuer>& issuers() const { return issuers_; }
  // Null: it is not in the key set.
  const Issuer* Find(const std::string& issuer_id) const;

  // OK when a manifest key that may sign for `issuer` at `time` signed.
  absl::Status CheckManifest(const block::Signed& signed_message,
                             const block::IssuerId& issuer,
                             absl::Time time) const;

 private:
  PinnedKeys() = default;
  block::KeySet set_;
  std::map<std::string, Issuer> issuers_;
};

// Every manifest and certificate, in `threads` threads: a manifest verifies
// under the key set, a certificate under its issuer's key, and says the serial
// and end that its entry says.
void CheckSignatures(const Unverified& unverified, const PinnedKeys& keys,
                     int threads, Findings& findings);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_SIGNATURES_H_
