#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "block/block.h"
#include "block/delta.h"
#include "block/head.h"
#include "block/key_set.h"
#include "block/manifest.h"
#include "block/template.h"
#include "block/testing/sample_template.h"

namespace base = chancery::base;
namespace block = chancery::block;

namespace {

// One encoding of each value: what parses is what Encode makes.
void ExpectSame(const std::string& encoded, base::Bytes input) {
  if (!base::Equal(base::AsBytes(encoded), input)) std::abort();
}

void Use(const block::OcspTemplate& shape, base::Bytes serial) {
  const std::string compact(shape.signature_size(), '\x01');
  if (!shape.IsCompact(base::AsBytes(compact))) std::abort();
  std::string out;
  shape.Rebuild({.serial = serial,
                 .status = block::RecordStatus::kGood,
                 .this_update = absl::UnixEpoch(),
                 .next_update = absl::UnixEpoch()},
                base::AsBytes(compact), out);
}

// A block that names any template gets this one, so that columns are reached.
const block::TemplateMap& KnownTemplates(const block::Manifest& manifest) {
  static const auto shape = block::testing::SampleTemplate();
  static block::TemplateMap known;
  known.clear();
  for (const block::TemplateId& id : manifest.templates) known[id] = shape;
  return known;
}

}  // namespace

// The first byte chooses the format.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const base::Bytes input(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      if (const auto parsed = block::OcspTemplate::Parse(input); parsed.ok()) {
        ExpectSame(parsed->encoded(), input);
        Use(*parsed, input.first(4));
      }
      break;
    case 1:
      if (const auto parsed = block::ParseManifest(input); parsed.ok()) {
        ExpectSame(block::EncodeManifest(*parsed), input);
      }
      break;
    case 2:
      if (const auto parsed = block::Signed::Parse(input); parsed.ok()) {
        ExpectSame(parsed->Encode(), input);
      }
      break;
    case 3:
      if (const auto parsed = block::Delta::Parse(input); parsed.ok()) {
        ExpectSame(parsed->Encode(), input);
      }
      break;
    case 4:
      if (const auto parsed = block::KeySet::Parse(input); parsed.ok()) {
        ExpectSame(parsed->Encode(), input);
      }
      break;
    case 5: {
      const auto manifest = block::ManifestOf(input);
      if (!manifest.ok()) break;
      const auto parsed = block::Block::Parse(input, KnownTemplates(*manifest));
      if (!parsed.ok()) break;
      ExpectSame(parsed->Encode(), input);
      parsed->Check().IgnoreError();
      break;
    }
    case 6:
      if (const auto parsed = block::Head::Parse(input); parsed.ok()) {
        ExpectSame(parsed->Encode(), input);
      }
      break;
    case 7:
      if (const auto parsed = block::Index::Parse(input); parsed.ok()) {
        ExpectSame(parsed->Encode(), input);
      }
      break;
  }
  return 0;
}
