// The whole audit, from what it is given to read, in order: ledger, inventory,
// blocks with what the responders answer, CRLs.
//
// The system goes on meanwhile. What is read is compared with the ledger as it
// was for whoever wrote it; what still differs is read again, since it may have
// been on its way, and is a finding only when it goes on differing.
#ifndef CHANCERY_AUDIT_AUDITOR_H_
#define CHANCERY_AUDIT_AUDITOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/signatures.h"
#include "audit/sources.h"
#include "base/clock.h"
#include "base/random.h"
#include "storage/inventory.h"

namespace chancery::audit {

struct AuditParts {
  LedgerSource& ledger;
  storage::Inventory* inventory = nullptr;  // Null: not looked at.
  std::vector<ResponderSource*> responders = {};
  const PinnedKeys& keys;
  const base::Clock& clock;
  base::Random& random;
  // Returns after that long; tests move their clock.
  std::function<void(absl::Duration)> wait = {};
  // What is being done, how much of it is, of how much in all.
  std::function<void(absl::string_view stage, uint64_t done, uint64_t total)>
      progress = {};
};

struct AuditOptions {
  // The name of the ledger's cursor in the inventory: the signer's identity.
  std::string signer = {};
  int threads = 1;
  // Ask responders about so many certificates, chosen at random; 0: all.
  uint64_t sample = 0;
  // How long what is on its way may take.
  absl::Duration patience = absl::Seconds(10);
  // By when a change has to be in a manifest, and a revocation on a CRL
  // (TRUST 7: 15 minutes).
  absl::Duration record_delay = absl::Minutes(1);
  absl::Duration crl_delay = absl::Minutes(15);
  // Serials that were never issued, for each issuer and responder.
  int made_up_serials = 32;
  Replay::Options replay = {};
};

struct AuditReport {
  Findings findings;
  // What could not be looked at, and why; one line each.
  std::vector<std::string> not_checked = {};
  // "certificates" -> how many.
  std::map<std::string, uint64_t> checked = {};
  uint64_t ledger_size = 0;
  std::string ledger_root = {};  // As recomputed.

  bool clean() const { return findings.empty() && not_checked.empty(); }
};

// Never fails: what could not be done is in the report. Everything must outlive
// the call.
AuditReport Audit(const AuditParts& parts, const AuditOptions& options);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_AUDITOR_H_
