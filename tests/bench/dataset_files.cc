#include "tests/bench/dataset_files.h"

#include <algorithm>
#include <filesystem>

#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/draft.h"

namespace chancery::bench {

absl::StatusOr<Dataset> Dataset::Open(const std::string& folder) {
  Dataset dataset;
  dataset.files_.folder = folder;
  ASSIGN_OR_RETURN(const std::string encoded,
                   base::ReadFile(dataset.files_.ocsp_template()));
  ASSIGN_OR_RETURN(block::OcspTemplate parsed,
                   block::OcspTemplate::Parse(base::AsBytes(encoded)));
  dataset.template_ =
      std::make_shared<const block::OcspTemplate>(std::move(parsed));
  ASSIGN_OR_RETURN(
      dataset.manifest_key_,
      crypto::LoadSoftwareKey(dataset.files_.manifest_key(), nullptr));
  return dataset;
}

uint64_t Dataset::CountBlocks() const {
  uint64_t count = 0;
  while (std::filesystem::exists(files_.block(count))) ++count;
  return count;
}

absl::StatusOr<block::Block> Dataset::Read(uint64_t number) const {
  ASSIGN_OR_RETURN(const std::string encoded,
                   base::ReadFile(files_.block(number)));
  return block::Block::Parse(base::AsBytes(encoded),
                             {{template_->id(), template_}});
}

absl::StatusOr<block::Update> Dataset::Later(const block::Block& block,
                                             uint64_t steps) const {
  block::Update update{
      .block_id = base::ToString(block.manifest().block_id),
      .version = block.version() + steps,
      .templates = {template_->encoded()},
  };
  if (steps == 0) {
    update.content = block.Encode();
    return update;
  }
  block::Manifest facts = block.manifest();
  facts.version = update.version;
  facts.previous = block.signed_manifest().Hash();
  ASSIGN_OR_RETURN(const block::Block later,
                   block::SignWhole(std::move(facts), block.templates(),
                                    block.Records(), *manifest_key_));
  update.content = later.Encode();
  return update;
}

absl::StatusOr<block::SignedHead> Dataset::HeadOf(block::Index index) const {
  std::sort(index.versions.begin(), index.versions.end());
  return block::SignHead(
      {.time = absl::FromUnixMicros(absl::ToUnixMicros(absl::Now()))}, index,
      *manifest_key_);
}

}  // namespace chancery::bench
