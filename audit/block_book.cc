#include "audit/block_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "block/record.h"

namespace chancery::audit {
namespace {

std::string Hex(absl::string_view bytes) {
  return base::Hex(base::AsBytes(bytes));
}

// With what every finding about a manifest names.
Finding About(Kind kind, std::string text, absl::string_view block_id,
              uint64_t version, uint64_t index) {
  return Finding(kind, std::move(text))
      .With("block", Hex(block_id))
      .With("version", version)
      .With("index", index);
}

Finding About(Kind kind, std::string text, const block::Manifest& manifest,
              uint64_t index) {
  return About(kind, std::move(text), base::ToString(manifest.block_id),
               manifest.version, index);
}

absl::Time WholeSecond(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

}  // namespace

std::array<uint8_t, 16> ShortHash(const merkle::Hash& hash) {
  std::array<uint8_t, 16> out;
  std::copy_n(hash.begin(), out.size(), out.begin());
  return out;
}

const ManifestRef* AuditedBlock::Find(uint64_t version) const {
  const auto found = std::lower_bound(
      manifests.begin(), manifests.end(), version,
      [](const ManifestRef& ref, uint64_t v) { return ref.version < v; });
  return found == manifests.end() || found->version != version ? nullptr
                                                               : &*found;
}

const ManifestRef* AuditedBlock::NewestOf(uint64_t ledger_size) const {
  const auto found = std::lower_bound(
      manifests.begin(), manifests.end(), ledger_size,
      [](const ManifestRef& ref, uint64_t size) { return ref.index < size; });
  return found == manifests.begin() ? nullptr : &*std::prev(found);
}

uint32_t BlockBook::BlockFor(const ledger::CertificateEntry& made,
                             uint64_t index, uint32_t issuer,
                             Findings& findings) {
  const auto [found, added] =
      by_id_.try_emplace(made.block_id, static_cast<uint32_t>(blocks_.size()));
  if (added) {
    blocks_.push_back({.id = made.block_id,
                       .issuer = issuer,
                       .capacity = made.block_capacity});
  }
  const AuditedBlock& held = blocks_[found->second];
  if (made.place != held.members.size() || made.place >= held.capacity ||
      held.issuer != issuer || held.capacity != made.block_capacity) {
    findings.Add(
        Finding(Kind::kPlaceNotNext,
                "a certificate was not given the next place of a block of its "
                "issuer")
            .With("serial", Hex(made.serial))
            .With("block", Hex(made.block_id))
            .With("index", index)
            .With("expected", static_cast<uint64_t>(held.members.size()))
            .With("found", static_cast<uint64_t>(made.place)));
  }
  return found->second;
}

void BlockBook::Join(uint32_t block, CertificateNumber certificate,
                     uint64_t index, absl::Time time) {
  AuditedBlock& held = blocks_[block];
  held.members.push_back(certificate);
  held.empty.push_back(true);  // Until a manifest has it.
  Touch(block, static_cast<uint32_t>(held.members.size() - 1), index, time);
}

void BlockBook::Touch(uint32_t block, uint32_t place, uint64_t index,
                      absl::Time time) {
  AuditedBlock& held = blocks_[block];
  held.changed.push_back(place);
  held.changed_index = index;
  held.changed_at = time;
}

const AuditedBlock* BlockBook::Find(absl::string_view block_id) const {
  const auto found = by_id_.find(block_id);
  return found == by_id_.end() ? nullptr : &blocks_[found->second];
}

merkle::Hash BlockBook::LeafOf(const AuditedBlock& held, uint32_t place) const {
  if (held.empty[place]) return block::EmptyLeaf();
  const CertificateNumber number = held.members[place];
  const CertificateStatus status = certificates_.Now(number);
  const bool good = status.status == Status::kGood;
  return block::StatusLeaf(
      place, {.serial = certificates_.at(number).serial(),
              .status = good ? block::RecordStatus::kGood
                             : block::RecordStatus::kRevoked,
              .revocation_time = absl::FromUnixSeconds(status.revoked_at),
              .reason = status.reason});
}

merkle::Hash BlockBook::StatusRoot(uint32_t number,
                                   const block::Manifest& manifest) {
  AuditedBlock& held = blocks_[number];
  const int64_t now = absl::ToUnixSeconds(manifest.produced_at);
  // A place empties when it is signed at or after its certificate's end: all
  // places are signed with a whole block, those that changed with a delta.
  std::vector<uint32_t> places = std::move(held.changed);
  held.changed.clear();
  for (const uint32_t place : places) {
    held.empty[place] = certificates_.at(held.members[place]).not_after <= now;
  }
  if (manifest.base_version == 0) {
    for (uint32_t place = 0; place < held.members.size(); ++place) {
      if (held.empty[place] ||
          certificates_.at(held.members[place]).not_after > now) {
        continue;
      }
      held.empty[place] = true;
      places.push_back(place);
    }
  }
  bool filled = false;
  merkle::PerfectTree& tree =
      trees_.Get(number, held.capacity, [&](merkle::PerfectTree& fresh) {
        std::vector<merkle::Hash> leaves(fresh.capacity(), block::EmptyLeaf());
        for (uint32_t place = 0;
             place < std::min<size_t>(leaves.size(), held.members.size());
             ++place) {
          leaves[place] = LeafOf(held, place);
        }
        fresh.SetAll(leaves);
        filled = true;
      });
  if (!filled) {
    for (const uint32_t place : places) {
      if (place < tree.capacity()) tree.Set(place, LeafOf(held, place));
    }
  }
  return tree.root();
}

void BlockBook::CheckFacts(const AuditedBlock& held,
                           const block::Manifest& manifest,
                           const ledger::ManifestEntry& entry, uint64_t index,
                           Findings& findings) const {
  const auto wrong = [&](std::string what, std::string expected,
                         std::string found) {
    findings.Add(
        About(Kind::kManifestFactsWrong, std::move(what), manifest, index)
            .With("expected", std::move(expected))
            .With("found", std::move(found)));
  };
  if (base::ToString(manifest.block_id) != entry.block_id) {
    wrong("a manifest is about another block than its entry",
          Hex(entry.block_id), base::Hex(manifest.block_id));
  }
  if (manifest.version != entry.version) {
    wrong("a manifest has another version than its entry",
          absl::StrCat(entry.version), absl::StrCat(manifest.version));
  }
  if (manifest.ledger_size != entry.ledger_size) {
    wrong("a manifest has another ledger size than its entry",
          absl::StrCat(entry.ledger_size), absl::StrCat(manifest.ledger_size));
  }
  if (base::ToString(manifest.issuer_id) !=
      certificates_.issuer_id(held.issuer)) {
    wrong("a manifest names another issuer than its block's members have",
          Hex(certificates_.issuer_id(held.issuer)),
          base::Hex(manifest.issuer_id));
  }
  if (manifest.capacity != held.capacity) {
    wrong("a manifest has another capacity than its block",
          absl::StrCat(held.capacity), absl::StrCat(manifest.capacity));
  }
  if (manifest.count != held.members.size()) {
    wrong("a manifest does not count the certificates of its block",
          absl::StrCat(held.members.size()), absl::StrCat(manifest.count));
  }
}

void BlockBook::CheckChain(const AuditedBlock& held,
                           const block::Manifest& manifest, uint64_t index,
                           Findings& findings) const {
  const ManifestRef* const last = held.newest();
  const uint64_t last_version = last == nullptr ? 0 : last->version;
  if (held.Find(manifest.version) != nullptr) {
    // TRUST 2.6: "Never two manifests for one (block, version)".
    findings.Add(About(Kind::kManifestVersionTwice,
                       "two manifests of one block have one version", manifest,
                       index)
                     .With("first", held.Find(manifest.version)->index));
  } else if (manifest.version <= last_version) {
    findings.Add(
        About(Kind::kManifestVersionNotGrowing, "a block's version went back",
              manifest, index)
            .With("expected", absl::StrCat("more than ", last_version)));
  }
  if (manifest.previous != held.last_hash) {
    findings.Add(About(Kind::kManifestChainBroken,
                       "a manifest does not name the one before it", manifest,
                       index)
                     .With("expected", base::Bytes(held.last_hash))
                     .With("found", base::Bytes(manifest.previous)));
  }
  if (manifest.base_version != 0 && manifest.base_version != last_version) {
    findings.Add(About(Kind::kManifestBaseWrong,
                       "a delta does not lead from the version before it",
                       manifest, index)
                     .With("expected", last_version)
                     .With("found", manifest.base_version));
  }
  if (manifest.ledger_size > index ||
      (last != nullptr && manifest.ledger_size < last->ledger_size)) {
    findings.Add(About(Kind::kManifestLedgerSizeWrong,
                       "a manifest's ledger size went back, or is more than "
                       "there was",
                       manifest, index)
                     .With("found", manifest.ledger_size));
  } else if (held.changed_index >= manifest.ledger_size &&
             !held.members.empty()) {
    findings.Add(About(Kind::kManifestLedgerSizeWrong,
                       "a manifest leaves out a change that was in the ledger "
                       "before it (TRUST 2.6)",
                       manifest, index)
                     .With("change", held.changed_index)
                     .With("found", manifest.ledger_size));
  }
}

void BlockBook::CheckTimes(const AuditedBlock& held,
                           const block::Manifest& manifest, uint64_t index,
                           absl::Time time, Findings& findings) const {
  // TRUST 2.8: "thisUpdate is the second at which the ledger was read: never in
  // the future, never before a revocation that it states, at least one second
  // later than in what it replaces."
  const auto wrong = [&](std::string what, absl::Time bound, absl::Time found) {
    findings.Add(
        About(Kind::kManifestTimesWrong, std::move(what), manifest, index)
            .With("expected", bound)
            .With("found", found));
  };
  if (manifest.produced_at > time) {
    wrong("a manifest was produced after its entry", time,
          manifest.produced_at);
  }
  if (manifest.produced_at < WholeSecond(held.changed_at) ||
      manifest.produced_at < held.last_produced) {
    wrong("a manifest was produced before what it reflects",
          std::max(WholeSecond(held.changed_at), held.last_produced),
          manifest.produced_at);
  }
  if (manifest.base_version == 0) {
    if (manifest.this_update != manifest.produced_at ||
        manifest.this_update <= held.last_whole_update) {
      wrong(
          "a block's thisUpdate is not the second at which it was made, "
          "later than in what it replaces",
          manifest.produced_at, manifest.this_update);
    }
    if (manifest.next_update <= manifest.this_update) {
      wrong("a block's nextUpdate is not after its thisUpdate",
            manifest.this_update, manifest.next_update);
    }
  } else if (manifest.this_update != held.last_whole_update ||
             manifest.next_update != held.last_next_update) {
    wrong("a delta changes the times of its block", held.last_whole_update,
          manifest.this_update);
  }
  for (const uint32_t place : held.changed) {
    const CertificateStatus status = certificates_.Now(held.members[place]);
    const absl::Time revoked_at = absl::FromUnixSeconds(status.revoked_at);
    if (revoked_at > manifest.produced_at) {
      wrong("a manifest is older than a revocation that it states", revoked_at,
            manifest.produced_at);
    }
  }
}

std::optional<SignedManifest> BlockBook::Take(
    const ledger::ManifestEntry& entry, uint64_t index, absl::Time time,
    Findings& findings) {
  const auto signed_message =
      block::Signed::Parse(base::AsBytes(entry.manifest));
  const auto manifest =
      signed_message.ok()
          ? block::ParseManifest(base::AsBytes(signed_message->message))
          : signed_message.status();
  if (!manifest.ok()) {
    findings.Add(About(Kind::kManifestUnreadable,
                       std::string(manifest.status().message()), entry.block_id,
                       entry.version, index));
    return std::nullopt;
  }
  SignedManifest out{.signed_message = *signed_message,
                     .issuer_id = manifest->issuer_id,
                     .produced_at = manifest->produced_at,
                     .block_id = entry.block_id,
                     .version = manifest->version,
                     .index = index};
  const auto found = by_id_.find(entry.block_id);
  if (found == by_id_.end()) {
    findings.Add(About(Kind::kManifestFactsWrong,
                       "a manifest is of a block that has no certificates",
                       entry.block_id, entry.version, index));
    return out;
  }
  AuditedBlock& held = blocks_[found->second];
  CheckFacts(held, *manifest, entry, index, findings);
  CheckChain(held, *manifest, index, findings);
  CheckTimes(held, *manifest, index, time, findings);
  const merkle::Hash root = StatusRoot(found->second, *manifest);
  if (root != manifest->status_root) {
    findings.Add(About(Kind::kStatusRootDiffers,
                       "the statuses that a manifest commits to are not those "
                       "that follow from the ledger",
                       *manifest, index)
                     .With("expected", base::Bytes(root))
                     .With("found", base::Bytes(manifest->status_root)));
  }
  held.last_hash = out.signed_message.Hash();
  if (manifest->base_version == 0) {
    held.last_whole_update = manifest->this_update;
    held.last_next_update = manifest->next_update;
  }
  held.last_produced = std::max(held.last_produced, manifest->produced_at);
  const ManifestRef* const last = held.newest();
  // One that went back would make the others hard to find.
  if (last == nullptr || manifest->version > last->version) {
    held.manifests.push_back(
        {.version = manifest->version,
         .index = index,
         .ledger_size = manifest->ledger_size,
         .hash = ShortHash(held.last_hash),
         .lives = entry.refresh_at != absl::InfiniteFuture()});
  }
  return out;
}

void BlockBook::CheckSigned(absl::Time before, Findings& findings) const {
  for (const AuditedBlock& held : blocks_) {
    if (held.changed.empty() || held.changed_at >= before) continue;
    for (const uint32_t place : held.changed) {
      const CertificateFacts& facts = certificates_.at(held.members[place]);
      findings.Add(Finding(Kind::kRecordNotSigned,
                           "no manifest reflects what the ledger says of a "
                           "certificate")
                       .With("serial", facts.serial())
                       .With("block", Hex(held.id))
                       .With("index", held.changed_index)
                       .With("since", held.changed_at));
    }
  }
}

}  // namespace chancery::audit
