// A CRL as somebody holds it, compared with the ledger.
#ifndef CHANCERY_AUDIT_CRL_CHECK_H_
#define CHANCERY_AUDIT_CRL_CHECK_H_

#include <string>

#include "absl/time/time.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/signatures.h"
#include "base/bytes.h"

namespace chancery::audit {

struct CrlToCheck {
  std::string issuer_id;
  uint32_t shard = 0;
  bool is_delta = false;
  // "inventory", or the URL that it came from.
  std::string where;
  base::Bytes der;
  absl::Time now;
};

// The CRL is the one that the ledger says was signed, current, and names every
// certificate of its scope that was revoked and not yet allowed to leave (one
// CRL past its end), and nobody else; a delta names what changed since its base
// (TRUST 2.7 and 7). Returns its number, or 0: whether it is the newest is for
// the caller to compare.
uint64_t CheckCrl(const Replay& replay, const PinnedKeys& keys,
                  const CrlToCheck& crl, Findings& findings);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_CRL_CHECK_H_
