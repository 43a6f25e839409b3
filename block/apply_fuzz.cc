// Deltas against a block that is held: what is applied is what was changed and
// nothing else, and what does not lead there is refused.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "block/block.h"
#include "block/delta.h"
#include "block/testing/sample_template.h"
#include "merkle/multiproof.h"

namespace base = chancery::base;
namespace block = chancery::block;
namespace merkle = chancery::merkle;

namespace {

constexpr uint32_t kCapacity = 16;
constexpr size_t kSignatureSize = 64;

// Reads zeros when there is nothing left.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  uint8_t Octet() {
    if (left_.empty()) return 0;
    const uint8_t octet = left_.front();
    left_ = left_.subspan(1);
    return octet;
  }

 private:
  base::Bytes left_;
};

// Two bits of `kind` choose the status, others what is unusual about it.
block::Record RecordOf(uint8_t kind, uint8_t serial_size, uint8_t fill) {
  block::Record record;
  record.status = static_cast<block::RecordStatus>((kind & 3) % 3);
  if (record.status == block::RecordStatus::kEmpty) return record;
  record.serial = "\x01" + std::string(serial_size % block::kMaxSerialSize,
                                       static_cast<char>(fill));
  record.this_update = absl::FromUnixSeconds((kind & 4) != 0 ? 1000 + fill : 0);
  record.next_update =
      absl::FromUnixSeconds((kind & 8) != 0 ? 5000 + fill : 4000);
  if (record.status == block::RecordStatus::kRevoked) {
    record.revocation_time = absl::FromUnixSeconds(fill);
    record.reason = fill % 11;
  }
  // Some do not fit the template.
  const size_t size = (kind & 0xf0) == 0xf0 ? fill : kSignatureSize;
  record.signatures.assign((kind & 0xf0) == 0xe0 ? 2 : 1,
                           std::string(size, static_cast<char>(fill)));
  return record;
}

const block::Block& Held() {
  static const auto held = [] {
    const block::Templates templates = {block::testing::SampleTemplate()};
    std::vector<block::Record> records;
    for (const uint8_t kind : {1, 2, 0, 1, 13, 6, 1, 10}) {
      records.push_back(
          RecordOf(kind, kind + 7, static_cast<uint8_t>(records.size())));
    }
    block::Manifest manifest;
    manifest.version = 7;
    manifest.capacity = kCapacity;
    manifest.count = static_cast<uint32_t>(records.size());
    manifest.templates = {templates[0]->id()};
    manifest.this_update = absl::UnixEpoch();
    manifest.next_update = absl::FromUnixSeconds(4000);
    manifest.record_root = block::Block::Make({}, manifest, templates, records)
                               .RecordTree()
                               .root();
    return block::Block::Make({.message = "held"}, manifest, templates,
                              records);
  }();
  return held;
}

void Damage(uint8_t how, block::Delta& delta) {
  switch (how % 8) {
    case 0:
      ++delta.manifest.record_root[how % 32];
      break;
    case 1:
      ++delta.manifest.base_version;
      break;
    case 2:
      ++delta.manifest.previous[how % 32];
      break;
    case 3:
      delta.proof.emplace_back();
      break;
    case 4:
      if (!delta.proof.empty()) {
        ++delta.proof.back()[how % 32];
      } else {
        delta.proof.emplace_back();
      }
      break;
    case 5:
      ++delta.manifest.block_id[how % 16];
      break;
    case 6:
      delta.manifest.next_update += absl::Seconds(1);
      break;
    case 7:
      delta.manifest.capacity *= 2;
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  const block::Block& held = Held();
  const uint8_t damage = in.Octet();
  block::Delta delta;
  delta.manifest = held.manifest();
  delta.manifest.version = 8;
  delta.manifest.base_version = held.version();
  delta.manifest.previous = held.signed_manifest().Hash();
  delta.manifest.count = in.Octet() % (kCapacity + 2);
  while (!in.empty() && delta.changes.size() < 2 * kCapacity) {
    const uint32_t place = in.Octet() % (kCapacity + 1);
    const uint8_t kind = in.Octet();
    const uint8_t serial_size = in.Octet();
    delta.changes.push_back(
        {.place = place, .record = RecordOf(kind, serial_size, in.Octet())});
  }

  // What an honest signer's manifest and proof would be, if there are any.
  bool honest = delta.manifest.count >= held.count();
  std::vector<uint32_t> places;
  merkle::PerfectTree after = held.RecordTree();
  std::vector<block::Record> records = held.Records();
  records.resize(std::max<size_t>(delta.manifest.count, held.count()));
  for (const block::Change& change : delta.changes) {
    const block::Record& record = change.record;
    const bool fits =
        record.status == block::RecordStatus::kEmpty ||
        (record.signatures.size() == 1 &&
         held.templates()[0]->IsCompact(base::AsBytes(record.signatures[0])));
    honest = honest && fits && change.place < delta.manifest.count &&
             change.place < kCapacity &&
             (places.empty() || places.back() < change.place);
    if (!honest) break;
    places.push_back(change.place);
    records[change.place] = record;
    const auto& signature = record.signatures;
    std::vector<base::Bytes> signatures;
    for (const std::string& one : signature) {
      signatures.push_back(base::AsBytes(one));
    }
    after.Set(change.place,
              record.status == block::RecordStatus::kEmpty
                  ? block::EmptyLeaf()
                  : block::RecordLeaf(change.place, held.templates(),
                                      record.facts(), signatures));
  }
  // One that changes nothing is none.
  honest = honest && delta.manifest.count <= kCapacity && !places.empty();
  if (honest) {
    delta.proof = held.RecordTree().Prove(places);
    delta.manifest.record_root = after.root();
  }
  if (damage != 0) {
    Damage(damage, delta);
    honest = false;
  }

  const std::string before = held.Encode();
  const auto applied = held.Apply(delta);
  if (applied.ok() != honest) std::abort();
  if (held.Encode() != before) std::abort();
  if (!honest) return 0;
  const block::Block expected = block::Block::Make(
      delta.signed_manifest, delta.manifest, held.templates(), records);
  if (applied->Encode() != expected.Encode()) std::abort();
  if (applied->Records() != records) std::abort();
  if (applied->RecordTree().root() != after.root()) std::abort();
  return 0;
}
