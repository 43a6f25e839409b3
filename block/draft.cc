#include "block/draft.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "merkle/multiproof.h"

namespace chancery::block {

absl::StatusOr<Block> SignWhole(Manifest facts, Templates templates,
                                const std::vector<Record>& records,
                                const crypto::SigningKey& manifest_key) {
  if (records.size() > facts.capacity) {
    return absl::InternalError("block: more records than places");
  }
  facts.base_version = 0;
  facts.count = static_cast<uint32_t>(records.size());
  facts.templates.clear();
  for (const auto& one : templates) facts.templates.push_back(one->id());
  const Block unsigned_block = Block::Make({}, facts, templates, records);
  facts.record_root = unsigned_block.RecordTree().root();
  facts.status_root = unsigned_block.StatusTree().root();
  ASSIGN_OR_RETURN(Signed signed_manifest,
                   Sign(kManifestType, EncodeManifest(facts), manifest_key));
  return Block::Make(std::move(signed_manifest), std::move(facts),
                     std::move(templates), records);
}

absl::StatusOr<SignedDelta> SignDelta(const Block& base, const Manifest& facts,
                                      std::vector<Change> changes,
                                      const crypto::SigningKey& manifest_key) {
  Manifest next = base.manifest();
  next.version = facts.version;
  next.base_version = base.version();
  next.refresh_at = facts.refresh_at;
  next.produced_at = facts.produced_at;
  next.ledger_size = facts.ledger_size;
  next.previous = base.signed_manifest().Hash();

  merkle::PerfectTree records = base.RecordTree(), statuses = base.StatusTree();
  std::vector<uint32_t> places;
  for (const Change& change : changes) places.push_back(change.place);
  Delta delta;
  delta.proof = records.Prove(places);
  for (const Change& change : changes) {
    std::vector<base::Bytes> signatures;
    for (const std::string& signature : change.record.signatures) {
      signatures.push_back(base::AsBytes(signature));
    }
    const RecordFacts record = change.record.facts();
    records.Set(change.place, record.status == RecordStatus::kEmpty
                                  ? EmptyLeaf()
                                  : RecordLeaf(change.place, base.templates(),
                                               record, signatures));
    statuses.Set(change.place, StatusLeaf(change.place, record));
    next.count = std::max(next.count, change.place + 1);
  }
  next.record_root = records.root();
  next.status_root = statuses.root();
  ASSIGN_OR_RETURN(delta.signed_manifest,
                   Sign(kManifestType, EncodeManifest(next), manifest_key));
  delta.manifest = std::move(next);
  delta.changes = std::move(changes);
  // What a responder will do with it is done here first.
  ASSIGN_OR_RETURN(Block after, base.Apply(delta));
  return SignedDelta{.delta = std::move(delta), .block = std::move(after)};
}

}  // namespace chancery::block
