// A block as somebody holds it, compared with the ledger.
#ifndef CHANCERY_AUDIT_BLOCK_CHECK_H_
#define CHANCERY_AUDIT_BLOCK_CHECK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/signatures.h"
#include "block/block.h"
#include "storage/rows.h"

namespace chancery::audit {

// The block that a row of the inventory and its deltas lead to, and every
// manifest on the way.
struct HeldBlock {
  std::shared_ptr<const block::Block> block;
  struct Version {
    block::Signed signed_manifest;
    block::Manifest manifest;
  };
  std::vector<Version> versions = {};
};

// DataLoss: what differs. FailedPrecondition: a template is not in `templates`.
absl::StatusOr<HeldBlock> RebuildBlock(const storage::BlockRow& row,
                                       const block::TemplateMap& templates);

// Whether the feed has these manifests, and the key set's keys signed them.
void CheckVersions(const Replay& replay, const PinnedKeys& keys,
                   const HeldBlock& held, Findings& findings);

// Every record of `block` names the certificate that the ledger gave its place,
// says its status as of the manifest, has times that make sense, and is a
// record of a certificate that lives. Adds the serials that the ledger never
// issued to `unissued`.
void CheckRecords(const Replay& replay, const block::Block& block,
                  Findings& findings, std::vector<std::string>& unissued);

// Every record's signatures, for `issuer`, in `threads` threads.
void CheckRecordSignatures(const block::Block& block,
                           const x509::Certificate& issuer, int threads,
                           Findings& findings);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_BLOCK_CHECK_H_
