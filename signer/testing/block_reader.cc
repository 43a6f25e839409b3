#include "signer/testing/block_reader.h"

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/delta.h"
#include "block/manifest.h"
#include "block/template.h"

namespace chancery::signer::testing {

absl::Status BlockReader::TakeOne(const block::Update& update) {
  const block::Block* held = Find(update.block_id);
  if (held != nullptr && update.version < held->version())
    return absl::OkStatus();
  block::TemplateMap known;
  for (const std::string& encoded : update.templates) {
    ASSIGN_OR_RETURN(block::OcspTemplate shape,
                     block::OcspTemplate::Parse(base::AsBytes(encoded)));
    known[shape.id()] =
        std::make_shared<const block::OcspTemplate>(std::move(shape));
  }
  if (update.is_delta() &&
      (held == nullptr || held->version() != update.version) &&
      (held == nullptr || held->version() != update.base_version)) {
    return absl::FailedPreconditionError("a delta from another version");
  }
  if (update.is_delta() && held->version() == update.version)
    return absl::OkStatus();
  auto read = [&]() -> absl::StatusOr<block::Block> {
    if (!update.is_delta())
      return block::Block::Parse(base::AsBytes(update.content), known);
    ASSIGN_OR_RETURN(const block::Delta delta,
                     block::Delta::Parse(base::AsBytes(update.content)));
    return held->Apply(delta);
  };
  ASSIGN_OR_RETURN(block::Block next, read());
  const block::Manifest& manifest = next.manifest();
  ASSIGN_OR_RETURN(
      const crypto::PublicKey key,
      pinned_.FindManifestKey(next.signed_manifest().key_id, manifest.issuer_id,
                              manifest.produced_at));
  RETURN_IF_ERROR(
      block::Verify(block::kManifestType, next.signed_manifest(), key));
  RETURN_IF_ERROR(next.Check());
  if (update.version != next.version() ||
      update.block_id != base::ToString(manifest.block_id)) {
    return absl::DataLossError("the update is not of its manifest");
  }
  const auto [at, added] =
      manifests_.emplace(std::make_pair(update.block_id, update.version),
                         next.signed_manifest().Encode());
  if (!added && at->second != next.signed_manifest().Encode()) {
    return absl::DataLossError(absl::StrCat("a second manifest of version ",
                                            update.version, " (TRUST 2.6)"));
  }
  blocks_.insert_or_assign(update.block_id, std::move(next));
  return absl::OkStatus();
}

absl::Status BlockReader::Take(const std::vector<block::Update>& updates) {
  for (const block::Update& update : updates) {
    RETURN_IF_ERROR(TakeOne(update));
  }
  return absl::OkStatus();
}

const block::Block* BlockReader::Find(const std::string& block_id) const {
  const auto found = blocks_.find(block_id);
  return found == blocks_.end() ? nullptr : &found->second;
}

const block::Block* BlockReader::Locate(const std::string& serial,
                                        uint32_t& place) const {
  for (const auto& [id, block] : blocks_) {
    for (place = 0; place < block.count(); ++place) {
      if (base::ToString(block.Serial(place)) == serial) return &block;
    }
  }
  return nullptr;
}

std::string BlockReader::Response(const std::string& serial,
                                  size_t template_number) const {
  std::string out;
  uint32_t place = 0;
  if (const block::Block* block = Locate(serial, place))
    block->AppendResponse(place, template_number, out);
  return out;
}

block::Record BlockReader::Record(const std::string& serial) const {
  uint32_t place = 0;
  const block::Block* block = Locate(serial, place);
  return block == nullptr ? block::Record() : block->At(place);
}

}  // namespace chancery::signer::testing
