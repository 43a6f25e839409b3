#include "block/delta.h"

#include <cstring>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "block/wire.h"

namespace chancery::block {
namespace {

constexpr char kMagic[] = "CHD1";
constexpr uint32_t kMaxChanges = kMaxCapacity;

bool ReadChange(wire::Reader& in, size_t templates, Change& change) {
  uint8_t status, reason;
  base::Bytes serial, signature;
  if (!in.Int(change.place) || !in.Int(status) || status > 2) return false;
  Record& record = change.record;
  record.status = RecordStatus{status};
  if (record.status == RecordStatus::kEmpty) return true;
  if (!in.Counted<uint8_t>(serial) || serial.empty() ||
      serial.size() > kMaxSerialSize || serial[0] == 0 ||
      !in.Time(record.this_update) || !in.Time(record.next_update)) {
    return false;
  }
  record.serial = base::ToString(serial);
  if (record.status == RecordStatus::kRevoked) {
    if (!in.Time(record.revocation_time) || !in.Int(reason) || reason > 10)
      return false;
    record.reason = reason;
  }
  for (size_t i = 0; i < templates; ++i) {
    if (!in.Counted<uint16_t>(signature)) return false;
    record.signatures.push_back(base::ToString(signature));
  }
  return true;
}

}  // namespace

std::string Delta::Encode() const {
  std::string out = kMagic;
  const std::string signed_bytes = signed_manifest.Encode();
  wire::PutCounted<uint32_t>(out, base::AsBytes(signed_bytes));
  wire::PutInt(out, static_cast<uint32_t>(changes.size()));
  for (const Change& change : changes) {
    const Record& record = change.record;
    wire::PutInt(out, change.place);
    wire::PutInt(out, static_cast<uint8_t>(record.status));
    if (record.status == RecordStatus::kEmpty) continue;
    wire::PutCounted<uint8_t>(out, base::AsBytes(record.serial));
    wire::PutTime(out, record.this_update);
    wire::PutTime(out, record.next_update);
    if (record.status == RecordStatus::kRevoked) {
      wire::PutTime(out, record.revocation_time);
      wire::PutInt(out, static_cast<uint8_t>(record.reason));
    }
    for (const std::string& signature : record.signatures) {
      wire::PutCounted<uint16_t>(out, base::AsBytes(signature));
    }
  }
  wire::PutInt(out, static_cast<uint32_t>(proof.size()));
  for (const merkle::Hash& hash : proof) base::Append(out, hash);
  return out;
}

absl::StatusOr<Delta> Delta::Parse(base::Bytes encoded) {
  const absl::Status malformed = absl::InvalidArgumentError("delta: malformed");
  wire::Reader in(encoded);
  base::Bytes magic, signed_bytes;
  if (!in.Take(4, magic) || std::memcmp(magic.data(), kMagic, 4) != 0 ||
      !in.Counted<uint32_t>(signed_bytes)) {
    return malformed;
  }
  Delta delta;
  ASSIGN_OR_RETURN(delta.signed_manifest, Signed::Parse(signed_bytes));
  ASSIGN_OR_RETURN(delta.manifest,
                   ParseManifest(base::AsBytes(delta.signed_manifest.message)));
  if (delta.manifest.base_version == 0) return malformed;
  uint32_t changes, hashes;
  if (!in.Int(changes) || changes == 0 || changes > kMaxChanges)
    return malformed;
  for (uint32_t i = 0; i < changes; ++i) {
    Change change;
    if (!ReadChange(in, delta.manifest.templates.size(), change) ||
        change.place >= delta.manifest.count ||
        (i > 0 && change.place <= delta.changes.back().place)) {
      return malformed;
    }
    delta.changes.push_back(std::move(change));
  }
  // Exactly so many bytes are left: nothing is allocated for a false count.
  if (!in.Int(hashes) || in.size() != uint64_t{hashes} * sizeof(merkle::Hash))
    return malformed;
  delta.proof.resize(hashes);
  for (merkle::Hash& hash : delta.proof) {
    if (!in.Array(hash)) return malformed;
  }
  return delta;
}

}  // namespace chancery::block
