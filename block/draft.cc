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

namespace {

// Changes leaves, and changes them back unless it was told to keep them.
class ChangedLeaves {
 public:
  ChangedLeaves(BlockTrees& trees, const std::vector<Change>& changes)
      : trees_(trees) {
    for (const Change& change : changes) {
      before_.push_back({change.place, trees.records.leaf(change.place),
                         trees.statuses.leaf(change.place)});
    }
  }
  ~ChangedLeaves() {
    if (kept_) return;
    for (const Leaves& leaves : before_) Set(leaves);
  }
  ChangedLeaves(const ChangedLeaves&) = delete;
  ChangedLeaves& operator=(const ChangedLeaves&) = delete;

  void Set(const Change& change, const Templates& templates) {
    std::vector<base::Bytes> signatures;
    for (const std::string& signature : change.record.signatures) {
      signatures.push_back(base::AsBytes(signature));
    }
    const RecordFacts facts = change.record.facts();
    Set({change.place,
         facts.status == RecordStatus::kEmpty
             ? EmptyLeaf()
             : RecordLeaf(change.place, templates, facts, signatures),
         StatusLeaf(change.place, facts)});
  }
  void Keep() { kept_ = true; }

 private:
  struct Leaves {
    uint32_t place;
    merkle::Hash record;
    merkle::Hash status;
  };
  void Set(const Leaves& leaves) {
    trees_.records.Set(leaves.place, leaves.record);
    trees_.statuses.Set(leaves.place, leaves.status);
  }

  BlockTrees& trees_;
  std::vector<Leaves> before_;
  bool kept_ = false;
};

}  // namespace

absl::StatusOr<SignedDelta> SignDelta(const Block& base, const Manifest& facts,
                                      std::vector<Change> changes,
                                      const crypto::SigningKey& manifest_key) {
  BlockTrees trees(base);
  return SignDelta(base, trees, facts, std::move(changes), manifest_key);
}

absl::StatusOr<SignedDelta> SignDelta(const Block& base, BlockTrees& trees,
                                      const Manifest& facts,
                                      std::vector<Change> changes,
                                      const crypto::SigningKey& manifest_key) {
  Manifest next = base.manifest();
  next.version = facts.version;
  next.base_version = base.version();
  next.refresh_at = facts.refresh_at;
  next.produced_at = facts.produced_at;
  next.ledger_size = facts.ledger_size;
  next.previous = base.signed_manifest().Hash();

  std::vector<uint32_t> places;
  for (const Change& change : changes) {
    if (change.place >= next.capacity) {
      return absl::InternalError("delta: a place past the block's capacity");
    }
    if (change.record.status != RecordStatus::kEmpty &&
        change.record.signatures.size() != base.templates().size()) {
      return absl::InternalError("delta: not a signature for each template");
    }
    places.push_back(change.place);
    next.count = std::max(next.count, change.place + 1);
  }
  Delta delta;
  delta.proof = trees.records.Prove(places);
  ChangedLeaves leaves(trees, changes);
  for (const Change& change : changes) leaves.Set(change, base.templates());
  next.record_root = trees.records.root();
  next.status_root = trees.statuses.root();
  ASSIGN_OR_RETURN(delta.signed_manifest,
                   Sign(kManifestType, EncodeManifest(next), manifest_key));
  delta.manifest = std::move(next);
  delta.changes = std::move(changes);
  // What a responder will do with it is done here first.
  ASSIGN_OR_RETURN(Block after, base.Apply(delta));
  leaves.Keep();
  return SignedDelta{.delta = std::move(delta), .block = std::move(after)};
}

}  // namespace chancery::block
