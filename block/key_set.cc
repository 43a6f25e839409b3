#include "block/key_set.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/wire.h"

namespace chancery::block {
namespace {

constexpr uint8_t kFormat = 1;

bool ReadKey(wire::Reader& in, KeySet::ManifestKey& key) {
  base::Bytes bytes;
  uint16_t issuers;
  if (!in.Counted<uint16_t>(bytes) || !in.Time(key.not_before) ||
      !in.Time(key.not_after) || !in.Int(issuers)) {
    return false;
  }
  key.spki = base::ToString(bytes);
  for (int i = 0; i < issuers; ++i) {
    IssuerId id;
    if (!in.Array(id)) return false;
    key.issuers.push_back(id);
  }
  return true;
}

}  // namespace

std::string KeySet::Encode() const {
  std::string out;
  wire::PutInt(out, kFormat);
  wire::PutInt(out, version);
  wire::PutInt(out, epoch);
  wire::PutInt(out, static_cast<uint16_t>(keys.size()));
  for (const ManifestKey& key : keys) {
    wire::PutCounted<uint16_t>(out, base::AsBytes(key.spki));
    wire::PutTime(out, key.not_before);
    wire::PutTime(out, key.not_after);
    wire::PutInt(out, static_cast<uint16_t>(key.issuers.size()));
    for (const IssuerId& id : key.issuers) base::Append(out, id);
  }
  wire::PutInt(out, static_cast<uint16_t>(issuers.size()));
  for (const Issuer& issuer : issuers) {
    wire::PutCounted<uint8_t>(out, base::AsBytes(issuer.name));
    wire::PutCounted<uint32_t>(out, base::AsBytes(issuer.certificate));
  }
  return out;
}

absl::StatusOr<KeySet> KeySet::Parse(base::Bytes encoded) {
  const absl::Status malformed =
      absl::InvalidArgumentError("key set: malformed");
  wire::Reader in(encoded);
  KeySet set;
  uint8_t format;
  uint16_t count;
  if (!in.Int(format) || format != kFormat || !in.Int(set.version) ||
      !in.Int(set.epoch) || !in.Int(count)) {
    return malformed;
  }
  for (int i = 0; i < count; ++i) {
    if (!ReadKey(in, set.keys.emplace_back())) return malformed;
  }
  if (!in.Int(count)) return malformed;
  for (int i = 0; i < count; ++i) {
    base::Bytes name, certificate;
    if (!in.Counted<uint8_t>(name) || !in.Counted<uint32_t>(certificate))
      return malformed;
    set.issuers.push_back({.name = base::ToString(name),
                           .certificate = base::ToString(certificate)});
  }
  if (!in.AtEnd()) return malformed;
  return set;
}

absl::StatusOr<crypto::PublicKey> KeySet::FindManifestKey(
    const crypto::Sha256Digest& key_id, const IssuerId& issuer,
    absl::Time time) const {
  for (const ManifestKey& key : keys) {
    if (crypto::Sha256(base::AsBytes(key.spki)) != key_id) continue;
    if (std::find(key.issuers.begin(), key.issuers.end(), issuer) ==
        key.issuers.end()) {
      return absl::PermissionDeniedError(
          absl::StrCat("manifest key: not for issuer ", base::Hex(issuer)));
    }
    if (time < key.not_before || time > key.not_after) {
      return absl::PermissionDeniedError(
          absl::StrCat("manifest key: not valid at ", absl::FormatTime(time)));
    }
    return crypto::PublicKey::FromSpki(base::AsBytes(key.spki));
  }
  return absl::PermissionDeniedError(absl::StrCat(
      "manifest key: ", base::Hex(key_id), " is not in the key set"));
}

}  // namespace chancery::block
