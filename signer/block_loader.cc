#include "signer/block_loader.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/delta.h"
#include "block/manifest.h"
#include "block/template.h"
#include "ledger/entry.h"

namespace chancery::signer {
namespace {

// The templates that are not the issuers' present ones come from the ledger.
absl::StatusOr<block::TemplateMap> TemplatesFor(const State& state,
                                                const IssuerTable& issuers,
                                                const std::string& bytes) {
  ASSIGN_OR_RETURN(const block::Manifest manifest,
                   block::ManifestOf(base::AsBytes(bytes)));
  block::TemplateMap known;
  const auto issuer = issuers.WithId(base::ToString(manifest.issuer_id));
  if (issuer.ok()) {
    for (const auto& one : (*issuer)->templates) known[one->id()] = one;
  }
  for (const block::TemplateId& id : manifest.templates) {
    if (known.contains(id)) continue;
    ASSIGN_OR_RETURN(const std::string encoded,
                     state.Template(base::ToString(id)));
    ASSIGN_OR_RETURN(block::OcspTemplate shape,
                     block::OcspTemplate::Parse(base::AsBytes(encoded)));
    known[id] = std::make_shared<const block::OcspTemplate>(std::move(shape));
  }
  return known;
}

}  // namespace

absl::StatusOr<LoadedBlock> LoadBlock(const State& state,
                                      const IssuerTable& issuers,
                                      const BlockState& block) {
  ASSIGN_OR_RETURN(const StoredBlock stored, state.BlockBytes(block.block_id));
  ASSIGN_OR_RETURN(const std::vector<StoredDelta> deltas,
                   state.Deltas(block.block_id));
  ASSIGN_OR_RETURN(const block::TemplateMap known,
                   TemplatesFor(state, issuers, stored.bytes));
  ASSIGN_OR_RETURN(block::Block loaded,
                   block::Block::Parse(base::AsBytes(stored.bytes), known));
  const uint64_t stored_ledger_size = loaded.manifest().ledger_size;
  for (const StoredDelta& delta : deltas) {
    ASSIGN_OR_RETURN(const block::Delta parsed,
                     block::Delta::Parse(base::AsBytes(delta.bytes)));
    ASSIGN_OR_RETURN(loaded, loaded.Apply(parsed));
  }
  if (loaded.version() != block.version) {
    return absl::DataLossError(
        absl::StrCat("block ", base::Hex(base::AsBytes(block.block_id)),
                     ": stored is version ", loaded.version(),
                     ", the ledger says ", block.version));
  }
  return LoadedBlock{.block = std::move(loaded),
                     .deltas = deltas.size(),
                     .stored_ledger_size = stored_ledger_size};
}

absl::StatusOr<block::Signed> NewestManifest(const State& state,
                                             const BlockState& block) {
  // It is the last entry about the block, or one of few before it.
  for (uint64_t index = block.changed_index + 1;
       index-- > block.signed_ledger_size;) {
    ASSIGN_OR_RETURN(const ledger::Entry entry, state.EntryAt(index));
    const auto* made = std::get_if<ledger::ManifestEntry>(&entry.body);
    if (made == nullptr || made->block_id != block.block_id ||
        made->version != block.version) {
      continue;
    }
    return block::Signed::Parse(base::AsBytes(made->manifest));
  }
  return absl::DataLossError(
      absl::StrCat("block ", base::Hex(base::AsBytes(block.block_id)),
                   ": no entry has its manifest of version ", block.version));
}

absl::StatusOr<BlockReading> ReadBlock(const Ledger& ledger,
                                       const std::string& block_id,
                                       bool whole) {
  ASSIGN_OR_RETURN(const auto view, ledger.Read());
  BlockReading reading;
  ASSIGN_OR_RETURN(reading.block, view->state().Block(block_id));
  const auto collect = [&](const CertificateState& member) {
    reading.members.push_back(member);
    return absl::OkStatus();
  };
  if (whole || reading.block.version == 0) {
    reading.members.reserve(reading.block.count);
    RETURN_IF_ERROR(view->state().Members(block_id, collect));
  } else {
    RETURN_IF_ERROR(view->state().ChangedMembers(
        block_id, reading.block.signed_ledger_size, collect));
  }
  reading.ledger_size = view->head().size;
  ASSIGN_OR_RETURN(reading.epoch, view->state().Epoch());
  reading.this_update =
      absl::FromUnixSeconds(absl::ToUnixSeconds(view->time()));
  return reading;
}

}  // namespace chancery::signer
