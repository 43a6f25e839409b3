#include "audit/testing/feed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "signer/testing/ledger_rules.h"

namespace chancery::audit::testing {

Feed::Feed(signer::testing::SignerWorld& world)
    : entries(signer::testing::EntriesOf(world.signer.ledger())),
      world_(world) {}

void Feed::Append(ledger::EntryBody body) {
  entries.push_back({.index = entries.size(),
                     .time = entries.back().time,
                     .body = std::move(body)});
}

void Feed::AppendManifest(const std::function<void(block::Manifest&)>& change) {
  const auto newest = Newest<ledger::ManifestEntry>();
  const auto held = *block::Signed::Parse(base::AsBytes(newest.manifest));
  block::Manifest manifest = *block::ParseManifest(base::AsBytes(held.message));
  manifest.previous = held.Hash();
  manifest.base_version = manifest.version;
  ++manifest.version;
  manifest.ledger_size = entries.size();
  change(manifest);
  const auto signed_manifest =
      *block::Sign(block::kManifestType, block::EncodeManifest(manifest),
                   *world_.pki.manifest_key());
  Append(ledger::ManifestEntry{.block_id = newest.block_id,
                               .version = manifest.version,
                               .ledger_size = manifest.ledger_size,
                               .this_update = manifest.produced_at,
                               .refresh_at = newest.refresh_at,
                               .manifest = signed_manifest.Encode()});
}

Findings Feed::ReplayInto(Replay& replay) const {
  Findings findings;
  for (const ledger::Entry& entry : entries) {
    const std::string bytes = ledger::EncodeEntry(entry);
    replay.Take(base::AsBytes(bytes), findings);
  }
  CheckSignatures(replay.TakeUnverified(), KeysOf(world_), 2, findings);
  return findings;
}

Findings Feed::Audit() const {
  Replay replay({});
  return ReplayInto(replay);
}

PinnedKeys KeysOf(const signer::testing::SignerWorld& world) {
  return *PinnedKeys::Create(world.pki.KeySet());
}

std::string Summary(const Findings& findings) {
  std::string out;
  for (const auto& [kind, count] : findings.counts()) {
    absl::StrAppend(&out, out.empty() ? "" : "; ", Name(kind), " x", count);
  }
  return out;
}

}  // namespace chancery::audit::testing
