#include "responder/cache/block_cache.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

// As many as a record's number tells apart.
constexpr uint32_t kMaxBlocks = 1u << 16;
static_assert(block::kMaxCapacity == 1u << 16);

// After so many deltas a block is written whole: reading it stays short.
constexpr size_t kMaxDeltas = 64;

// After the last response of a block has ended.
constexpr absl::Duration kKeepEnded = absl::Hours(24);

// Readers keep a block for as long as it takes to rebuild a response.
constexpr absl::Duration kMaxReading = absl::Seconds(5);

uint64_t RandomKey() {
  const std::string bytes = base::SystemRandom().Bytes(sizeof(uint64_t));
  uint64_t key;
  std::memcpy(&key, bytes.data(), sizeof key);
  return key;
}

bool HoldsNothing(const block::Block& block) {
  if (block.count() == 0) return false;  // New: its first delta will come.
  for (uint32_t place = 0; place < block.count(); ++place) {
    if (!block.Serial(place).empty()) return false;
  }
  return true;
}

bool Covers(block::CertIdForm form, x509::CertIdHash hash) {
  if (form == block::CertIdForm::kDual) return true;
  return (form == block::CertIdForm::kSha1) ==
         (hash == x509::CertIdHash::kSha1);
}

}  // namespace

BlockCache::BlockCache(const Parts& parts, std::string mapped_folder)
    : issuers_(parts.issuers),
      verifier_(parts.verifier),
      store_(parts.store),
      clock_(parts.clock),
      log_(parts.log),
      mapped_folder_(std::move(mapped_folder)),
      index_key_(RandomKey()),
      index_(gate_, mapped_folder_),
      by_number_(std::make_unique<std::atomic<Slot*>[]>(kMaxBlocks)),
      templates_(parts.store) {}

BlockCache::~BlockCache() = default;

BlockCache::Slot* BlockCache::FindSlot(const block::BlockId& id) const {
  base::MutexLock lock(mu_);
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : found->second.get();
}

absl::StatusOr<BlockCache::Slot*> BlockCache::SlotOf(const block::BlockId& id) {
  base::MutexLock lock(mu_);
  const auto found = slots_.find(id);
  if (found != slots_.end()) return found->second.get();
  if (slots_.size() == kMaxBlocks) {
    return absl::ResourceExhaustedError(
        absl::StrCat("blocks: ", kMaxBlocks, " are held, no more fit"));
  }
  auto made = std::make_unique<Slot>(id, static_cast<uint32_t>(slots_.size()));
  by_number_[made->number].store(made.get(), std::memory_order_release);
  return slots_.emplace(id, std::move(made)).first->second.get();
}

BlockOutcome BlockCache::Apply(const block::Update& update) {
  const auto id = block::ToBlockId(update.block_id);
  Slot* slot = nullptr;
  absl::Status applied = absl::InvalidArgumentError("block_id: not 16 bytes");
  if (id.has_value()) {
    slot = FindSlot(*id);
    if (slot != nullptr && update.version <= slot->version) {
      {
        base::MutexLock writer(slot->writer);
        applied = Settle(*slot);
      }
      if (applied.ok()) {
        Add(Outcome::kHeldAlready);
        return {.version = slot->version,
                .accepted = true,
                .detail = "held already"};
      }
    } else if (!update.is_delta()) {
      applied = TakeBlock(*id, update, /*keep=*/true);
    } else if (slot != nullptr) {
      applied = TakeDelta(*slot, update, /*keep=*/true);
    } else {
      applied = absl::FailedPreconditionError(absl::StrCat(
          "delta: leads from version ", update.base_version, ", held is none"));
    }
  }
  if (slot == nullptr && id.has_value()) slot = FindSlot(*id);
  const uint64_t held = slot == nullptr ? 0 : slot->version.load();
  if (applied.ok()) {
    Add(update.is_delta() ? Outcome::kDelta : Outcome::kBlock);
    return {.version = held, .accepted = true};
  }
  Add(Outcome::kRefused);
  log_.Warning("update_refused",
               {{"block", base::Hex(base::AsBytes(update.block_id))},
                {"version", update.version},
                {"held", held},
                {"why", applied}});
  return {.version = held,
          .accepted = false,
          .detail = std::string(applied.message())};
}

absl::Status BlockCache::TakeBlock(const block::BlockId& id,
                                   const block::Update& update, bool keep) {
  const base::Bytes content = base::AsBytes(update.content);
  ASSIGN_OR_RETURN(const block::Manifest announced, block::ManifestOf(content));
  ASSIGN_OR_RETURN(const block::TemplateMap known,
                   templates_.Find(announced.templates, update.templates));
  ASSIGN_OR_RETURN(block::Block next,
                   keep ? verifier_.Open(content, known, clock_.Now())
                        : verifier_.Reopen(content, known, clock_.Now()));
  if (next.manifest().block_id != id || next.version() != update.version) {
    return absl::InvalidArgumentError(
        "block: not the one, or not the version, that was announced");
  }
  if (keep) RETURN_IF_ERROR(admission_(next.manifest()));
  // Only now: what does not verify takes up no number.
  ASSIGN_OR_RETURN(Slot* const slot, SlotOf(id));
  base::MutexLock writer(slot->writer);
  if (next.version() > slot->version) {
    if (keep) KeepBlock(*slot, next, update.content);
    Publish(*slot, std::move(next));
  }
  return Settle(*slot);
}

absl::Status BlockCache::TakeDelta(Slot& slot, const block::Update& update,
                                   bool keep) {
  ASSIGN_OR_RETURN(const block::Delta delta,
                   block::Delta::Parse(base::AsBytes(update.content)));
  if (delta.manifest.block_id != slot.id ||
      delta.manifest.version != update.version ||
      delta.manifest.base_version != update.base_version) {
    return absl::InvalidArgumentError(
        "delta: not the one, or not the versions, that were announced");
  }
  base::MutexLock writer(slot.writer);
  const block::Block* const held = slot.held.get();
  if (held == nullptr || held->version() != update.base_version) {
    return absl::FailedPreconditionError(absl::StrCat(
        "delta: leads from version ", update.base_version, ", held is ",
        slot.version.load(), held == nullptr ? " without records" : ""));
  }
  ASSIGN_OR_RETURN(block::Block next,
                   verifier_.Advance(*held, delta, clock_.Now()));
  if (keep) RETURN_IF_ERROR(admission_(next.manifest()));
  if (keep && slot.deltas.size() == kMaxDeltas) {
    KeepBlock(slot, next, next.Encode());
  } else {
    if (keep) {
      Wrote(store_.Put(DeltaRow(slot.id, update.version), update.content));
    }
    slot.deltas.push_back(update.version);
  }
  Publish(slot, std::move(next));
  return Settle(slot);
}

void BlockCache::DropUnusedTemplates() {
  std::set<block::TemplateId> used;
  {
    base::MutexLock lock(mu_);
    for (const auto& [id, slot] : slots_) {
      base::MutexLock writer(slot->writer);
      used.insert(slot->templates.begin(), slot->templates.end());
    }
  }
  templates_.KeepOnly(used, [&](const absl::Status& s) { Wrote(s); });
}

void BlockCache::KeepBlock(Slot& slot, const block::Block& block,
                           absl::string_view encoded) {
  templates_.Keep(block.templates(), [&](const absl::Status& s) { Wrote(s); });
  Wrote(store_.Put(BlockRow(slot.id), SealRow(encoded)));
  // Those that a crash leaves behind lead from another version, and go when
  // they are read.
  for (uint64_t version : slot.deltas) {
    Wrote(store_.Delete(DeltaRow(slot.id, version)));
  }
  slot.deltas.clear();
}

void BlockCache::Publish(Slot& slot, block::Block next) {
  const uint64_t version = next.version();
  if (!mapped_folder_.empty()) {
    const absl::Status moved = next.MoveToFile(mapped_folder_);
    if (!moved.ok() && !files_fail_.exchange(true)) {
      log_.Error("block_not_mapped", {{"why", moved}});
    }
    if (moved.ok()) files_fail_ = false;
  }
  slot.templates = next.manifest().templates;
  slot.ends =
      HoldsNothing(next) ? next.manifest().next_update : absl::InfiniteFuture();
  auto incoming = std::make_unique<const block::Block>(std::move(next));
  Held before = std::move(slot.held);
  Show(slot, HoldsNothing(*incoming) ? nullptr : incoming.get());
  slot.version = version;
  Reindex(slot, before.get(), *incoming);
  if (slot.current.load() != nullptr) {
    slot.held = std::move(incoming);
  } else {
    // Nothing was served of it, and nothing will be.
    slot.held.reset();
  }
  if (before != nullptr) slot.replaced.push_back(std::move(before));
}

void BlockCache::Reindex(const Slot& slot, const block::Block* before,
                         const block::Block& now) {
  const auto issuer = issuers_.WithId(now.manifest().issuer_id);
  const auto tag = [&](base::Bytes serial) {
    return SerialIndex::TagOf(index_key_, *issuer, serial);
  };
  const uint32_t old_count = before == nullptr ? 0 : before->count();
  for (uint32_t place = 0; place < std::max(old_count, now.count()); ++place) {
    const base::Bytes was =
        place < old_count ? before->Serial(place) : base::Bytes();
    const base::Bytes is =
        place < now.count() ? now.Serial(place) : base::Bytes();
    if (base::Equal(was, is)) continue;
    const uint32_t record = RecordNumber(slot.number, place);
    if (!is.empty()) index_.Insert(tag(is), record);
    if (!was.empty()) index_.Erase(tag(was), record);
  }
}

absl::Status BlockCache::Settle(Slot& slot) const {
  if (slot.replaced.empty()) return absl::OkStatus();
  if (!gate_.Wait(kMaxReading)) {
    return absl::UnavailableError("block: a reader still has an older version");
  }
  slot.replaced.clear();
  return absl::OkStatus();
}

void BlockCache::DropEnded() {
  std::vector<Slot*> slots;
  {
    base::MutexLock lock(mu_);
    for (const auto& [id, slot] : slots_) {
      if (slot->version != 0 && slot->current.load() == nullptr) {
        slots.push_back(slot.get());
      }
    }
  }
  size_t dropped = 0;
  for (Slot* const slot : slots) {
    base::MutexLock writer(slot->writer);
    if (slot->ends + kKeepEnded > clock_.Now()) continue;
    Wrote(store_.Delete(BlockRow(slot->id)));
    for (const uint64_t version : slot->deltas) {
      Wrote(store_.Delete(DeltaRow(slot->id, version)));
    }
    slot->deltas.clear();
    slot->templates.clear();
    slot->ends = absl::InfiniteFuture();
    slot->version = 0;
    ++dropped;
  }
  if (dropped == 0) return;
  log_.Info("ended_blocks_dropped", {{"blocks", dropped}});
  DropUnusedTemplates();
}

std::vector<HeldBlock> BlockCache::Blocks() const {
  std::vector<HeldBlock> held;
  base::MutexLock lock(mu_);
  for (const auto& [id, slot] : slots_) {
    const uint64_t version = slot->version;
    if (version != 0) {
      held.push_back({.block_id = base::ToString(id), .version = version});
    }
  }
  return held;
}

std::map<block::BlockId, uint64_t> BlockCache::Versions() const {
  std::map<block::BlockId, uint64_t> versions;
  base::MutexLock lock(mu_);
  for (const auto& [id, slot] : slots_) {
    const uint64_t version = slot->version;
    if (version != 0) versions.emplace_hint(versions.end(), id, version);
  }
  return versions;
}

BlockCache::Totals BlockCache::Count() const {
  Totals totals;
  totals.certificates = index_.size();
  base::MutexLock lock(mu_);
  const base::ReaderGate::Reader reader(gate_);
  for (const auto& [id, slot] : slots_) {
    totals.newest_version =
        std::max(totals.newest_version, slot->version.load());
    const block::Block* const block = slot->current.load();
    if (block == nullptr) continue;
    ++totals.blocks;
    totals.oldest_this_update =
        std::min(totals.oldest_this_update, block->manifest().this_update);
    totals.oldest_next_update =
        std::min(totals.oldest_next_update, block->manifest().next_update);
  }
  return totals;
}

OcspSource::Result BlockCache::Find(const x509::CertId& id, std::string& der,
                                    FoundOcsp& found) const {
  const auto issuer = issuers_.Of(id);
  if (!issuer.has_value() || id.serial.empty() ||
      id.serial.size() > block::kMaxSerialSize) {
    return Result::kUnknown;
  }
  const block::IssuerId& issuer_id = issuers_[*issuer].id;
  const base::ReaderGate::Reader reader(gate_);
  const block::Block* block = nullptr;
  OcspOrigin origin;
  const auto record = index_.Find(
      SerialIndex::TagOf(index_key_, *issuer, id.serial), [&](uint32_t number) {
        const uint32_t place = PlaceOf(number);
        const Slot& slot = SlotOfRecord(number);
        origin = {.name = slot.number, .edition = slot.edition.load()};
        block = slot.current.load();
        return block != nullptr && block->manifest().issuer_id == issuer_id &&
               place < block->count() &&
               base::Equal(block->Serial(place), id.serial);
      });
  if (!record.has_value()) return Result::kUnknown;
  const uint32_t place = PlaceOf(*record);
  for (size_t i = 0; i < block->templates().size(); ++i) {
    if (!Covers(block->templates()[i]->form(), id.hash)) continue;
    const block::RecordFacts facts = block->Facts(place);
    found = {.times = {.this_update = facts.this_update,
                       .next_update = facts.next_update,
                       .refresh_at = block->manifest().refresh_at},
             .origin = origin,
             .issuer = issuers_[*issuer].name};
    block->AppendResponse(place, i, der);
    return Result::kFound;
  }
  return Result::kUnknown;
}

bool BlockCache::Holds(const OcspOrigin& origin) const {
  const Slot* const slot =
      by_number_[origin.name].load(std::memory_order_acquire);
  return slot != nullptr && slot->edition.load() == origin.edition;
}

uint64_t BlockCache::Expect(const x509::CertId& id) const {
  const auto issuer = issuers_.Of(id);
  if (!issuer.has_value()) return 0;
  const uint32_t tag = SerialIndex::TagOf(index_key_, *issuer, id.serial);
  const base::ReaderGate::Reader reader(gate_);
  index_.Prefetch(tag);
  return tag;
}

void BlockCache::Approach(uint64_t expected) const {
  if (expected == 0) return;  // No tag is 0.
  const base::ReaderGate::Reader reader(gate_);
  index_.Find(static_cast<uint32_t>(expected), [&](uint32_t number) {
    const block::Block* const block = BlockOf(number);
    const uint32_t place = PlaceOf(number);
    if (block != nullptr && place < block->count()) block->Prefetch(place);
    return true;  // Another with this tag is one in millions.
  });
}

void BlockCache::Wrote(const absl::Status& status) {
  if (status.ok()) {
    store_fails_ = false;
    return;
  }
  Add(Outcome::kNotKept);
  if (!store_fails_.exchange(true)) {
    log_.Error("cache_not_written", {{"why", status}});
  }
}

}  // namespace chancery::responder
