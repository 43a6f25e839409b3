#include "signer/block_signer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/draft.h"
#include "block/manifest.h"
#include "crypto/digest.h"
#include "signer/block_loader.h"
#include "signer/block_renewal.h"
#include "signer/record_signer.h"
#include "signer/signing_threads.h"

namespace chancery::signer {
namespace {

// Above so many changed records the whole block is signed (TRUST 4).
constexpr size_t kMaxDeltaRecords = 256;
// After so many deltas a block is stored whole: reading it again is not to take
// longer than a revocation may.
constexpr size_t kMaxStoredDeltas = 256;
// Deltas of a block that say of revocations are as far apart (TRUST 4).
constexpr absl::Duration kSharedManifest = absl::Milliseconds(10);
// A block that changes under every signing would never be finished.
constexpr int kMaxAttempts = 20;

absl::Status Changed() {
  return absl::AbortedError("a member changed while it was signed");
}

std::vector<std::string> EncodedTemplates(const block::Templates& templates) {
  std::vector<std::string> out;
  for (const auto& one : templates) out.push_back(one->encoded());
  return out;
}

}  // namespace

// One block's lock, and its state if it was used lately.
struct BlockSigner::Slot {
  base::Mutex mu;
  std::shared_ptr<const block::Block> decoded ABSL_GUARDED_BY(mu);
  // Of `decoded`, once it has had a delta.
  std::optional<block::BlockTrees> trees ABSL_GUARDED_BY(mu);
  // In the ledger since the whole block was stored; of `decoded`.
  size_t stored_deltas ABSL_GUARDED_BY(mu) = 0;
  // What the whole block reflects; of `decoded`.
  uint64_t stored_ledger_size ABSL_GUARDED_BY(mu) = 0;
  // When its last delta was signed.
  absl::Time last_delta ABSL_GUARDED_BY(mu) = absl::InfinitePast();
};

struct BlockSigner::Shared {
  Shared(Ledger& ledger, const IssuerTable& issuers,
         const crypto::SigningKey& manifest_key, const base::Clock& clock,
         Options options)
      : ledger(ledger),
        issuers(issuers),
        manifest_key(manifest_key),
        clock(clock),
        options(std::move(options)),
        key_id(block::KeyIdOf(manifest_key.public_key())),
        threads(this->options.threads != nullptr ? *this->options.threads
                                                 : none) {}

  std::shared_ptr<Slot> SlotOf(const std::string& block_id) {
    base::MutexLock lock(mu);
    if (slots.size() > options.max_decoded && slots.count(block_id) == 0) {
      // Whoever holds an evicted slot keeps it until done; so that two of a
      // block are never at work, only unused ones go.
      for (auto at = slots.begin(); at != slots.end();) {
        at = at->second.use_count() == 1 ? slots.erase(at) : std::next(at);
      }
    }
    std::shared_ptr<Slot>& slot = slots[block_id];
    if (slot == nullptr) slot = std::make_shared<Slot>();
    return slot;
  }

  // The block as last signed; null before the first time, and where the ledger
  // was caught up and has only what was said of it.
  absl::StatusOr<std::shared_ptr<const block::Block>> Current(
      Slot& slot, const State& state, const BlockState& block)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.mu) {
    if (block.version == 0) return nullptr;
    if (slot.decoded != nullptr && slot.decoded->version() == block.version)
      return slot.decoded;
    absl::StatusOr<LoadedBlock> loaded = LoadBlock(state, issuers, block);
    if (absl::IsNotFound(loaded.status())) return nullptr;
    RETURN_IF_ERROR(loaded.status());
    slot.trees.reset();
    slot.stored_deltas = loaded->deltas;
    slot.stored_ledger_size = loaded->stored_ledger_size;
    slot.decoded =
        std::make_shared<const block::Block>(std::move(loaded->block));
    return slot.decoded;
  }

  // Whether its newest manifest, if it lives, is signed by another key than
  // signs now. One without its manifest in the ledger is not known to be.
  bool IsByFormerKey(const State& state, const BlockState& block) const {
    if (block.version == 0 || block.refresh_at == absl::InfiniteFuture()) {
      return false;
    }
    const absl::StatusOr<block::Signed> newest = NewestManifest(state, block);
    return newest.ok() && newest->key_id != key_id;
  }

  absl::Status SignRecords(const Issuer& issuer, absl::Time ledger_time,
                           std::vector<block::Record*> records);
  absl::StatusOr<std::vector<block::Update>> Advance(
      Slot& slot, const std::string& block_id, bool whole)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.mu);
  // What SignPending returns; a delta is signed `apart` from the one before.
  absl::StatusOr<BlockUpdates> Pending(Slot& slot, const std::string& block_id,
                                       uint64_t index, absl::Duration apart)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.mu);
  absl::StatusOr<block::Update> SignOnce(Slot& slot,
                                         const std::string& block_id,
                                         bool whole)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.mu);
  // `bytes`: the whole block, or the delta to it.
  absl::Status Commit(const block::Block& signed_block, bool is_delta,
                      const std::string& bytes, const BlockState& before,
                      absl::Time refresh_at);

  Ledger& ledger;
  const IssuerTable& issuers;
  const crypto::SigningKey& manifest_key;
  const base::Clock& clock;
  const Options options;
  const crypto::Sha256Digest key_id;  // Of `manifest_key`.
  SigningThreads none{0};
  SigningThreads& threads;

  base::Mutex mu;
  std::map<std::string, std::shared_ptr<Slot>> slots ABSL_GUARDED_BY(mu);
};

BlockSigner::BlockSigner(Ledger& ledger, const IssuerTable& issuers,
                         const crypto::SigningKey& manifest_key,
                         const base::Clock& clock, Options options)
    : shared_(std::make_unique<Shared>(ledger, issuers, manifest_key, clock,
                                       std::move(options))) {}
BlockSigner::~BlockSigner() = default;

absl::Status BlockSigner::Shared::SignRecords(
    const Issuer& issuer, absl::Time ledger_time,
    std::vector<block::Record*> records) {
  return threads.Run(
      records.size(), SigningThreads::kSignatures,
      [&](size_t i) { return SignRecord(issuer, ledger_time, *records[i]); });
}

absl::Status BlockSigner::Shared::Commit(const block::Block& signed_block,
                                         bool is_delta,
                                         const std::string& bytes,
                                         const BlockState& before,
                                         absl::Time refresh_at) {
  const block::Manifest& manifest = signed_block.manifest();
  return ledger.Execute([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const BlockState now, tx.state().Block(before.block_id));
    // TRUST 2.6: what was read still holds when the manifest is written.
    if (now.changes != before.changes || now.version != before.version)
      return Changed();
    for (const auto& one : signed_block.templates()) {
      RETURN_IF_ERROR(
          tx.PutTemplate(base::ToString(one->id()), one->encoded()));
    }
    RETURN_IF_ERROR(
        tx.Append(ledger::ManifestEntry{
                      .block_id = before.block_id,
                      .version = manifest.version,
                      .ledger_size = manifest.ledger_size,
                      .this_update = manifest.produced_at,
                      .refresh_at = refresh_at,
                      .manifest = signed_block.signed_manifest().Encode()})
            .status());
    if (!is_delta) {
      return tx.PutBlock(before.block_id, manifest.version, bytes);
    }
    return tx.AppendDelta(before.block_id, manifest.base_version,
                          manifest.version, bytes);
  });
}

absl::StatusOr<block::Update> BlockSigner::Shared::SignOnce(
    Slot& slot, const std::string& block_id, bool whole) {
  ASSIGN_OR_RETURN(BlockReading reading, ReadBlock(ledger, block_id, whole));
  ASSIGN_OR_RETURN(const Issuer* issuer,
                   issuers.WithId(reading.block.issuer_id));
  std::shared_ptr<const block::Block> held;
  {
    ASSIGN_OR_RETURN(const auto view, ledger.Read());
    ASSIGN_OR_RETURN(held, Current(slot, view->state(), reading.block));
  }
  // Whole too when nothing in it was to be signed again: only so does everybody
  // learn that it is to be refreshed from now on. And under another manifest
  // key: a whole block and its deltas have one, so that no block needs two keys
  // to be believed.
  if (!whole &&
      (held == nullptr || reading.block.refresh_at == absl::InfiniteFuture() ||
       held->signed_manifest().key_id != key_id ||
       !SameTemplates(held->templates(), issuer->templates) ||
       reading.members.size() > kMaxDeltaRecords)) {
    whole = true;
    ASSIGN_OR_RETURN(reading, ReadBlock(ledger, block_id, true));
  }
  const absl::Time now = reading.this_update;
  Renewal renewal = Renew(*issuer, reading, held.get(), whole);
  if (renewal.youngest >= now) {
    options.wait_until(renewal.youngest + absl::Seconds(1));
    return Changed();  // Read again: the second is another.
  }
  RETURN_IF_ERROR(SignRecords(*issuer, now, renewal.ToSign()));

  block::Manifest facts = FactsOf(*issuer, reading, held.get());
  if (held == nullptr && reading.block.version != 0) {
    ASSIGN_OR_RETURN(const auto view, ledger.Read());
    ASSIGN_OR_RETURN(const block::Signed newest,
                     NewestManifest(view->state(), reading.block));
    facts.previous = newest.Hash();
  }
  facts.version = std::max<uint64_t>(
      reading.block.version + 1,
      static_cast<uint64_t>(absl::ToUnixMicros(clock.Now())));
  block::Update update{.block_id = block_id,
                       .version = facts.version,
                       .base_version = 0,
                       .content = {},
                       .templates = EncodedTemplates(issuer->templates)};
  std::shared_ptr<const block::Block> next;
  // Until the next version is committed, the trees are those of neither.
  std::optional<block::BlockTrees> trees = std::exchange(slot.trees, {});
  absl::Time refresh_at;
  if (whole) {
    refresh_at = RefreshAt(*issuer, renewal.records, now);
    facts.refresh_at = std::min(refresh_at, facts.next_update);
    ASSIGN_OR_RETURN(block::Block made,
                     block::SignWhole(facts, TemplatesOf(*issuer),
                                      renewal.records, manifest_key));
    next = std::make_shared<const block::Block>(std::move(made));
    trees.reset();
    update.content = next->Encode();
  } else {
    refresh_at = reading.block.refresh_at;
    facts.refresh_at = std::min(refresh_at, held->manifest().next_update);
    std::vector<block::Change> changes;
    for (uint32_t place : renewal.changed) {
      changes.push_back({.place = place, .record = renewal.records[place]});
    }
    if (!trees.has_value()) trees.emplace(*held);
    ASSIGN_OR_RETURN(block::SignedDelta made,
                     block::SignDelta(*held, *trees, facts, std::move(changes),
                                      manifest_key));
    next = std::make_shared<const block::Block>(std::move(made.block));
    update.base_version = held->version();
    update.content = made.delta.Encode();
  }
  // The commit point. A crash before leaves the version before; after, this one
  // is what GetBlock returns.
  const bool store_whole = whole || slot.stored_deltas >= kMaxStoredDeltas;
  RETURN_IF_ERROR(
      Commit(*next, !store_whole,
             store_whole && !whole ? next->Encode() : update.content,
             reading.block, refresh_at));
  slot.stored_deltas = store_whole ? 0 : slot.stored_deltas + 1;
  if (store_whole) slot.stored_ledger_size = next->manifest().ledger_size;
  slot.decoded = std::move(next);
  slot.trees = std::move(trees);
  if (!whole) slot.last_delta = clock.Now();
  return update;
}

absl::StatusOr<std::vector<block::Update>> BlockSigner::Shared::Advance(
    Slot& slot, const std::string& block_id, bool whole) {
  absl::Status last;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    auto update = SignOnce(slot, block_id, whole);
    if (update.ok()) return std::vector<block::Update>{*std::move(update)};
    last = update.status();
    if (!absl::IsAborted(last)) return last;
  }
  return absl::UnavailableError(
      absl::StrCat("block ", base::Hex(base::AsBytes(block_id)),
                   " changes faster than it can be signed"));
}

absl::StatusOr<BlockUpdates> BlockSigner::SignBlock(
    const std::string& block_id) {
  const std::shared_ptr<Slot> slot = shared_->SlotOf(block_id);
  base::MutexLock lock(slot->mu);
  BlockUpdates out;
  ASSIGN_OR_RETURN(out.updates, shared_->Advance(*slot, block_id, true));
  ASSIGN_OR_RETURN(const auto view, shared_->ledger.Read());
  ASSIGN_OR_RETURN(const BlockState state, view->state().Block(block_id));
  out.refresh_at = state.refresh_at;
  return out;
}

absl::StatusOr<BlockUpdates> BlockSigner::SignPending(
    const std::string& block_id, uint64_t index) {
  const std::shared_ptr<Slot> slot = shared_->SlotOf(block_id);
  base::MutexLock lock(slot->mu);
  return shared_->Pending(*slot, block_id, index, absl::ZeroDuration());
}

absl::StatusOr<BlockUpdates> BlockSigner::SignRevoked(
    const std::string& block_id, uint64_t index) {
  const std::shared_ptr<Slot> slot = shared_->SlotOf(block_id);
  base::MutexLock lock(slot->mu);
  return shared_->Pending(*slot, block_id, index, kSharedManifest);
}

absl::StatusOr<BlockUpdates> BlockSigner::Shared::Pending(
    Slot& slot, const std::string& block_id, uint64_t index,
    absl::Duration apart) {
  ASSIGN_OR_RETURN(auto view, ledger.Read());
  ASSIGN_OR_RETURN(BlockState state, view->state().Block(block_id));
  BlockUpdates out;
  if (state.version == 0 || state.HasUnsignedChanges()) {
    // Whoever comes meanwhile waits for the slot, and shares the manifest.
    if (slot.last_delta + apart > clock.Now()) {
      options.wait_until(slot.last_delta + apart);
    }
    ASSIGN_OR_RETURN(out.updates, Advance(slot, block_id, false));
    ASSIGN_OR_RETURN(view, ledger.Read());
    ASSIGN_OR_RETURN(state, view->state().Block(block_id));
    out.refresh_at = state.refresh_at;
    return out;
  }
  // Somebody else signed it, while this call waited for its turn.
  out.refresh_at = state.refresh_at;
  ASSIGN_OR_RETURN(const auto current, Current(slot, view->state(), state));
  if (current == nullptr) {  // Another signer did, of which this one has taken
    ASSIGN_OR_RETURN(out.updates, Advance(slot, block_id, true));  // over.
    ASSIGN_OR_RETURN(view, ledger.Read());
    ASSIGN_OR_RETURN(state, view->state().Block(block_id));
    out.refresh_at = state.refresh_at;
    return out;
  }
  const std::vector<std::string> templates =
      EncodedTemplates(current->templates());
  ASSIGN_OR_RETURN(const std::vector<StoredDelta> deltas,
                   view->state().Deltas(block_id));
  for (size_t i = deltas.size(); i-- > 0;) {
    ASSIGN_OR_RETURN(const block::Delta delta,
                     block::Delta::Parse(base::AsBytes(deltas[i].bytes)));
    if (delta.manifest.ledger_size <= index) return out;
    out.updates.insert(out.updates.begin(),
                       {.block_id = block_id,
                        .version = deltas[i].version,
                        .base_version = deltas[i].base_version,
                        .content = deltas[i].bytes,
                        .templates = templates});
  }
  // The whole block is from before the entry: the deltas since then tell it.
  if (!deltas.empty() && slot.stored_ledger_size <= index) return out;
  out.updates = {{.block_id = block_id,
                  .version = state.version,
                  .base_version = 0,
                  .content = current->Encode(),
                  .templates = templates}};
  return out;
}

absl::StatusOr<BlockUpdates> BlockSigner::GetBlock(const std::string& block_id,
                                                   uint64_t have_version) {
  const std::shared_ptr<Slot> slot = shared_->SlotOf(block_id);
  base::MutexLock lock(slot->mu);
  ASSIGN_OR_RETURN(auto view, shared_->ledger.Read());
  ASSIGN_OR_RETURN(BlockState state, view->state().Block(block_id));
  std::shared_ptr<const block::Block> current;
  const bool complete = state.version != 0 && !state.HasUnsignedChanges();
  if (complete && state.version != have_version) {
    ASSIGN_OR_RETURN(current, shared_->Current(*slot, view->state(), state));
  }
  if (!complete || (current == nullptr && state.version != have_version)) {
    RETURN_IF_ERROR(shared_->Advance(*slot, block_id, false).status());
    ASSIGN_OR_RETURN(view, shared_->ledger.Read());
    ASSIGN_OR_RETURN(state, view->state().Block(block_id));
    ASSIGN_OR_RETURN(current, shared_->Current(*slot, view->state(), state));
  }
  BlockUpdates out;
  out.refresh_at = state.refresh_at;
  if (state.version == have_version) return out;
  const std::vector<std::string> templates =
      EncodedTemplates(current->templates());
  ASSIGN_OR_RETURN(const std::vector<StoredDelta> deltas,
                   view->state().Deltas(block_id));
  for (size_t i = 0; i < deltas.size() && have_version != 0; ++i) {
    if (deltas[i].base_version != have_version) continue;
    for (; i < deltas.size(); ++i) {
      out.updates.push_back({.block_id = block_id,
                             .version = deltas[i].version,
                             .base_version = deltas[i].base_version,
                             .content = deltas[i].bytes,
                             .templates = templates});
    }
    return out;
  }
  out.updates.push_back({.block_id = block_id,
                         .version = state.version,
                         .base_version = 0,
                         .content = current->Encode(),
                         .templates = templates});
  return out;
}

absl::StatusOr<BlockList> BlockSigner::ListBlocks(uint64_t since) {
  ASSIGN_OR_RETURN(const auto view, shared_->ledger.Read());
  BlockList list;
  list.ledger_size = view->head().size;
  const auto collect = [&](const BlockState& block) {
    list.blocks.push_back(
        {.block_id = block.block_id,
         .issuer_id = block.issuer_id,
         .version = block.version,
         .refresh_at = block.refresh_at,
         .by_former_key = shared_->IsByFormerKey(view->state(), block)});
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(since == 0
                      ? view->state().Blocks(collect)
                      : view->state().BlocksChangedSince(since, collect));
  return list;
}

}  // namespace chancery::signer
