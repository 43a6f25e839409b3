#include "block/block.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "crypto/digest.h"

namespace chancery::block {
namespace {

constexpr char kMagic[] = "CHB1";

absl::Status Malformed(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("block: ", what));
}

template <typename Row>
const Row* FindRow(const std::vector<Row>& rows, uint32_t place) {
  const auto at = std::lower_bound(
      rows.begin(), rows.end(), place,
      [](const Row& row, uint32_t p) { return row.place < p; });
  return at != rows.end() && at->place == place ? &*at : nullptr;
}

// Puts in, replaces or takes out the row of `place`.
template <typename Row>
void SetRow(std::vector<Row>& rows, uint32_t place,
            const std::optional<Row>& row) {
  const auto at = std::lower_bound(
      rows.begin(), rows.end(), place,
      [](const Row& other, uint32_t p) { return other.place < p; });
  const bool held = at != rows.end() && at->place == place;
  if (row.has_value() && held) {
    *at = *row;
  } else if (row.has_value()) {
    rows.insert(at, *row);
  } else if (held) {
    rows.erase(at);
  }
}

bool FitsTemplates(const Record& record, const Templates& templates) {
  if (record.status == RecordStatus::kEmpty) return true;
  if (record.signatures.size() != templates.size()) return false;
  for (size_t i = 0; i < templates.size(); ++i) {
    if (!templates[i]->IsCompact(base::AsBytes(record.signatures[i])))
      return false;
  }
  return true;
}

// What leaves are made in; whoever makes many keeps it.
struct LeafSpace {
  std::string input = {};
  std::string response = {};
};

merkle::Hash RecordLeafIn(LeafSpace& space, uint32_t place,
                          const Templates& templates, const RecordFacts& facts,
                          std::span<const base::Bytes> signatures) {
  space.input.assign(1, '\0');
  wire::PutInt(space.input, place);
  for (size_t i = 0; i < templates.size(); ++i) {
    space.response.clear();
    templates[i]->Rebuild(facts, signatures[i], space.response);
    base::Append(space.input, crypto::Sha256(base::AsBytes(space.response)));
  }
  return crypto::Sha256(base::AsBytes(space.input));
}

merkle::Hash StatusLeafIn(LeafSpace& space, uint32_t place,
                          const RecordFacts& facts) {
  if (facts.status == RecordStatus::kEmpty) return EmptyLeaf();
  std::string& input = space.input;
  input.assign(1, '\0');
  wire::PutInt(input, place);
  wire::PutCounted<uint8_t>(input, facts.serial);
  wire::PutInt(input, static_cast<uint8_t>(facts.status));
  const bool revoked = facts.status == RecordStatus::kRevoked;
  wire::PutTime(input, revoked ? facts.revocation_time : absl::UnixEpoch());
  wire::PutInt(input, static_cast<uint8_t>(revoked ? facts.reason : 0));
  return crypto::Sha256(base::AsBytes(input));
}

merkle::Hash LeafOf(uint32_t place, const Templates& templates,
                    const Record& record) {
  if (record.status == RecordStatus::kEmpty) return EmptyLeaf();
  std::vector<base::Bytes> signatures;
  for (const std::string& signature : record.signatures) {
    signatures.push_back(base::AsBytes(signature));
  }
  return RecordLeaf(place, templates, record.facts(), signatures);
}

}  // namespace

absl::StatusOr<Templates> Resolve(const Manifest& manifest,
                                  const TemplateMap& known) {
  Templates templates;
  for (const TemplateId& id : manifest.templates) {
    const auto found = known.find(id);
    if (found == known.end()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "block: template ", base::Hex(id), " is not known here"));
    }
    templates.push_back(found->second);
  }
  return templates;
}

absl::StatusOr<Manifest> ManifestOf(base::Bytes encoded_block) {
  wire::Reader in(encoded_block);
  base::Bytes bytes;
  if (!in.Take(4, bytes) || std::memcmp(bytes.data(), kMagic, 4) != 0 ||
      !in.Counted<uint32_t>(bytes)) {
    return Malformed("not a block");
  }
  ASSIGN_OR_RETURN(const Signed signed_manifest, Signed::Parse(bytes));
  return ParseManifest(base::AsBytes(signed_manifest.message));
}

merkle::Hash EmptyLeaf() {
  static constexpr uint8_t kEmpty[] = {0x02};
  static const merkle::Hash leaf = crypto::Sha256(kEmpty);
  return leaf;
}

merkle::Hash RecordLeaf(uint32_t place, const Templates& templates,
                        const RecordFacts& facts,
                        std::span<const base::Bytes> signatures) {
  LeafSpace space;
  return RecordLeafIn(space, place, templates, facts, signatures);
}

merkle::Hash StatusLeaf(uint32_t place, const RecordFacts& facts) {
  LeafSpace space;
  return StatusLeafIn(space, place, facts);
}

Block Block::Make(Signed signed_manifest, Manifest manifest,
                  Templates templates, const std::vector<Record>& records) {
  Block block;
  block.signed_ = std::move(signed_manifest);
  block.manifest_ = std::move(manifest);
  block.templates_ = std::move(templates);
  size_t longest = 0;
  for (const Record& record : records) {
    longest = std::max(longest, record.serial.size());
  }
  block.rows_ = Rows(longest, block.SignaturesBefore(block.templates_.size()));
  block.rows_.Reserve(static_cast<uint32_t>(records.size()));
  for (const Record& record : records) block.Append(record);
  return block;
}

size_t Block::SignaturesBefore(size_t template_number) const {
  size_t size = 0;
  for (size_t i = 0; i < template_number; ++i) {
    size += templates_[i]->signature_size();
  }
  return size;
}

void Block::SetSignature(uint32_t place, size_t template_number,
                         base::Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(),
            rows_.MutableSignatures(place).begin() +
                static_cast<ptrdiff_t>(SignaturesBefore(template_number)));
}

void Block::Append(const Record& record) {
  const uint32_t place = count();
  rows_.AppendEmpty();
  Replace(place, record);
}

void Block::Replace(uint32_t place, const Record& record) {
  const bool empty = record.status == RecordStatus::kEmpty;
  rows_.Set(place, record.status,
            empty ? base::Bytes() : base::AsBytes(record.serial));
  if (empty) {
    std::ranges::fill(rows_.MutableSignatures(place), '\0');
  } else {
    for (size_t i = 0; i < templates_.size(); ++i) {
      SetSignature(place, i, base::AsBytes(record.signatures[i]));
    }
  }

  std::optional<OwnTimes> own;
  if (!empty && (record.this_update != manifest_.this_update ||
                 record.next_update != manifest_.next_update)) {
    own = OwnTimes{place, absl::ToUnixSeconds(record.this_update),
                   absl::ToUnixSeconds(record.next_update)};
  }
  SetRow(own_times_, place, own);
  std::optional<Revoked> revoked;
  if (record.status == RecordStatus::kRevoked) {
    revoked = Revoked{place, absl::ToUnixSeconds(record.revocation_time),
                      static_cast<uint8_t>(record.reason)};
  }
  SetRow(revoked_, place, revoked);
}

RecordFacts Block::Facts(uint32_t place) const {
  RecordFacts facts{.serial = rows_.Serial(place),
                    .status = rows_.Status(place),
                    .this_update = manifest_.this_update,
                    .next_update = manifest_.next_update};
  if (const OwnTimes* own = FindRow(own_times_, place)) {
    facts.this_update = absl::FromUnixSeconds(own->this_update);
    facts.next_update = absl::FromUnixSeconds(own->next_update);
  }
  if (facts.status == RecordStatus::kRevoked) {
    const Revoked* revoked = FindRow(revoked_, place);
    facts.revocation_time = absl::FromUnixSeconds(revoked->time);
    facts.reason = revoked->reason;
  }
  return facts;
}

base::Bytes Block::Signature(uint32_t place, size_t template_number) const {
  return rows_.Signatures(place).subspan(
      SignaturesBefore(template_number),
      templates_[template_number]->signature_size());
}

Record Block::At(uint32_t place) const {
  Record record;
  const RecordFacts facts = Facts(place);
  record.status = facts.status;
  if (facts.status == RecordStatus::kEmpty) return record;
  record.serial = base::ToString(facts.serial);
  record.revocation_time = facts.revocation_time;
  record.reason = facts.reason;
  record.this_update = facts.this_update;
  record.next_update = facts.next_update;
  for (size_t i = 0; i < templates_.size(); ++i) {
    record.signatures.push_back(base::ToString(Signature(place, i)));
  }
  return record;
}

std::vector<Record> Block::Records() const {
  std::vector<Record> records;
  records.reserve(count());
  for (uint32_t place = 0; place < count(); ++place)
    records.push_back(At(place));
  return records;
}

void Block::AppendResponse(uint32_t place, size_t template_number,
                           std::string& out) const {
  templates_[template_number]->Rebuild(Facts(place),
                                       Signature(place, template_number), out);
}

std::string Block::Encode() const {
  std::string out = kMagic;
  const std::string signed_bytes = signed_.Encode();
  wire::PutCounted<uint32_t>(out, base::AsBytes(signed_bytes));
  wire::PutInt(out, count());
  for (uint32_t place = 0; place < count(); ++place) {
    wire::PutInt(out, static_cast<uint8_t>(rows_.Status(place)));
  }
  for (uint32_t place = 0; place < count(); ++place) {
    wire::PutInt(out, static_cast<uint8_t>(Serial(place).size()));
  }
  for (uint32_t place = 0; place < count(); ++place) {
    base::Append(out, Serial(place));
  }
  wire::PutInt(out, static_cast<uint32_t>(own_times_.size()));
  for (const OwnTimes& own : own_times_) {
    wire::PutInt(out, own.place);
    wire::PutInt(out, own.this_update);
    wire::PutInt(out, own.next_update);
  }
  for (const Revoked& revoked : revoked_) {
    wire::PutInt(out, revoked.time);
    wire::PutInt(out, revoked.reason);
  }
  for (size_t i = 0; i < templates_.size(); ++i) {
    for (uint32_t place = 0; place < count(); ++place) {
      base::Append(out, Signature(place, i));
    }
  }
  return out;
}

absl::StatusOr<Block> Block::Parse(base::Bytes encoded,
                                   const TemplateMap& known) {
  wire::Reader in(encoded);
  base::Bytes bytes;
  Block block;
  if (!in.Take(4, bytes) || std::memcmp(bytes.data(), kMagic, 4) != 0 ||
      !in.Counted<uint32_t>(bytes)) {
    return Malformed("not a block");
  }
  ASSIGN_OR_RETURN(block.signed_, Signed::Parse(bytes));
  ASSIGN_OR_RETURN(block.manifest_,
                   ParseManifest(base::AsBytes(block.signed_.message)));
  ASSIGN_OR_RETURN(block.templates_, Resolve(block.manifest_, known));
  uint32_t count;
  if (!in.Int(count) || count != block.manifest_.count ||
      !in.Take(count, bytes)) {
    return Malformed("status column");
  }
  const base::Bytes statuses = bytes;
  if (!in.Take(count, bytes)) return Malformed("serial lengths");
  const base::Bytes sizes = bytes;
  size_t all_serials = 0;
  for (uint32_t place = 0; place < count; ++place) {
    const bool empty = statuses[place] == 0;
    if (statuses[place] > 2 || sizes[place] > kMaxSerialSize ||
        empty != (sizes[place] == 0)) {
      return Malformed("status or serial length");
    }
    all_serials += sizes[place];
  }
  base::Bytes serials;
  if (!in.Take(all_serials, serials)) return Malformed("serials");
  uint32_t own;
  if (!in.Int(own) || own > count) return Malformed("own times");
  for (uint32_t i = 0; i < own; ++i) {
    OwnTimes row;
    absl::Time this_update, next_update;
    if (!in.Int(row.place) || row.place >= count || statuses[row.place] == 0 ||
        (i > 0 && row.place <= block.own_times_.back().place) ||
        !in.Time(this_update) || !in.Time(next_update) ||
        (this_update == block.manifest_.this_update &&
         next_update == block.manifest_.next_update)) {
      return Malformed("own times");
    }
    row.this_update = absl::ToUnixSeconds(this_update);
    row.next_update = absl::ToUnixSeconds(next_update);
    block.own_times_.push_back(row);
  }
  for (uint32_t place = 0; place < count; ++place) {
    if (RecordStatus{statuses[place]} != RecordStatus::kRevoked) continue;
    Revoked row{.place = place, .time = 0, .reason = 0};
    absl::Time time;
    if (!in.Time(time) || !in.Int(row.reason) || row.reason > 10)
      return Malformed("revocations");
    row.time = absl::ToUnixSeconds(time);
    block.revoked_.push_back(row);
  }
  std::vector<base::Bytes> signatures;
  for (const auto& one : block.templates_) {
    const size_t size = one->signature_size();
    if (!in.Take(count * size, bytes)) return Malformed("signatures");
    for (uint32_t place = 0; place < count; ++place) {
      if (statuses[place] != 0 &&
          !one->IsCompact(bytes.subspan(place * size, size))) {
        return Malformed("a signature that cannot be one");
      }
    }
    signatures.push_back(bytes);
  }
  if (!in.AtEnd()) return Malformed("trailing bytes");
  // Memory only for what is all there.
  block.rows_ =
      Rows(count == 0 ? 0 : *std::max_element(sizes.begin(), sizes.end()),
           block.SignaturesBefore(block.templates_.size()));
  block.rows_.Reserve(count);
  for (uint32_t place = 0; place < count; ++place) {
    block.rows_.AppendEmpty();
    block.rows_.Set(place, RecordStatus{statuses[place]},
                    serials.first(sizes[place]));
    serials = serials.subspan(sizes[place]);
    for (size_t i = 0; i < signatures.size(); ++i) {
      const size_t size = block.templates_[i]->signature_size();
      block.SetSignature(place, i, signatures[i].subspan(place * size, size));
    }
  }
  return block;
}

merkle::PerfectTree Block::RecordTree() const {
  merkle::PerfectTree tree(manifest_.capacity, EmptyLeaf());
  std::vector<merkle::Hash> leaves(manifest_.capacity, EmptyLeaf());
  std::vector<base::Bytes> signatures(templates_.size());
  LeafSpace space;
  for (uint32_t place = 0; place < count(); ++place) {
    const RecordFacts facts = Facts(place);
    if (facts.status == RecordStatus::kEmpty) continue;
    for (size_t i = 0; i < templates_.size(); ++i)
      signatures[i] = Signature(place, i);
    leaves[place] = RecordLeafIn(space, place, templates_, facts, signatures);
  }
  tree.SetAll(leaves);
  return tree;
}

merkle::PerfectTree Block::StatusTree() const {
  merkle::PerfectTree tree(manifest_.capacity, EmptyLeaf());
  std::vector<merkle::Hash> leaves(manifest_.capacity, EmptyLeaf());
  LeafSpace space;
  for (uint32_t place = 0; place < count(); ++place) {
    leaves[place] = StatusLeafIn(space, place, Facts(place));
  }
  tree.SetAll(leaves);
  return tree;
}

absl::Status Block::Check() const {
  for (uint32_t place = 0; place < count(); ++place) {
    const base::Bytes serial = Serial(place);
    if (!serial.empty() && serial[0] == 0) {
      return absl::DataLossError(absl::StrCat("block: the serial at place ",
                                              place, " is not minimal"));
    }
    // An empty place has no signature: what would be there is not committed to.
    for (size_t i = 0; i < templates_.size() && serial.empty(); ++i) {
      for (uint8_t byte : Signature(place, i)) {
        if (byte != 0)
          return absl::DataLossError("block: bytes in an empty place");
      }
    }
  }
  if (RecordTree().root() != manifest_.record_root) {
    return absl::DataLossError(
        "block: its records are not those that its manifest commits to");
  }
  if (StatusTree().root() != manifest_.status_root) {
    return absl::DataLossError(
        "block: its statuses are not those that its manifest commits to");
  }
  return absl::OkStatus();
}

absl::StatusOr<Block> Block::Apply(const Delta& delta) const {
  const Manifest& next = delta.manifest;
  if (next.block_id != manifest_.block_id ||
      next.issuer_id != manifest_.issuer_id ||
      next.capacity != manifest_.capacity) {
    return absl::InvalidArgumentError("delta: of another block");
  }
  if (next.base_version != manifest_.version) {
    return absl::FailedPreconditionError(
        absl::StrCat("delta: leads from version ", next.base_version,
                     ", held is ", manifest_.version));
  }
  if (next.templates != manifest_.templates) {
    return absl::FailedPreconditionError(
        "delta: with other templates than the block");
  }
  if (next.previous != signed_.Hash() || next.count < count() ||
      next.this_update != manifest_.this_update ||
      next.next_update != manifest_.next_update) {
    return absl::InvalidArgumentError(
        "delta: does not follow the manifest that is held");
  }
  std::vector<uint32_t> places;
  std::vector<merkle::Hash> before, after;
  for (const Change& change : delta.changes) {
    if (change.place >= next.count) {
      return absl::InvalidArgumentError(
          absl::StrCat("delta: place ", change.place, " of ", next.count));
    }
    if (!FitsTemplates(change.record, templates_)) {
      return absl::InvalidArgumentError(
          "delta: a signature does not fit its template");
    }
    places.push_back(change.place);
    before.push_back(change.place < count()
                         ? LeafOf(change.place, templates_, At(change.place))
                         : EmptyLeaf());
    after.push_back(LeafOf(change.place, templates_, change.record));
  }
  ASSIGN_OR_RETURN(
      const merkle::Hash old_root,
      merkle::RootFromMultiproof(next.capacity, places, before, delta.proof));
  ASSIGN_OR_RETURN(
      const merkle::Hash new_root,
      merkle::RootFromMultiproof(next.capacity, places, after, delta.proof));
  if (old_root != manifest_.record_root) {
    return absl::InvalidArgumentError(
        "delta: its paths do not lead from the root that is held");
  }
  if (new_root != next.record_root) {
    return absl::InvalidArgumentError(
        "delta: its paths do not lead to its manifest's root");
  }
  Block applied = *this;
  applied.rows_.MoveToMemory();
  applied.signed_ = delta.signed_manifest;
  applied.manifest_ = next;
  while (applied.count() < next.count) applied.Append(Record());
  for (const Change& change : delta.changes) {
    applied.Replace(change.place, change.record);
  }
  return applied;
}

}  // namespace chancery::block
