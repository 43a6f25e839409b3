#include "block/manifest.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/status_macros.h"
#include "block/wire.h"
#include "crypto/algorithm_of_key.h"

namespace chancery::block {
namespace {

// Of the first epoch, without a number; of later ones, with it.
constexpr uint8_t kFirstEpoch = 1;
constexpr uint8_t kLaterEpoch = 2;

}  // namespace

std::optional<BlockId> ToBlockId(absl::string_view bytes) {
  BlockId id;
  if (bytes.size() != id.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

std::string EncodeManifest(const Manifest& manifest) {
  std::string out;
  wire::PutInt(out, manifest.epoch == 1 ? kFirstEpoch : kLaterEpoch);
  base::Append(out, manifest.block_id);
  base::Append(out, manifest.issuer_id);
  wire::PutInt(out, manifest.version);
  wire::PutInt(out, manifest.base_version);
  wire::PutInt(out, manifest.capacity);
  wire::PutInt(out, manifest.count);
  base::Append(out, manifest.record_root);
  base::Append(out, manifest.status_root);
  wire::PutInt(out, static_cast<uint8_t>(manifest.templates.size()));
  for (const TemplateId& id : manifest.templates) base::Append(out, id);
  wire::PutTime(out, manifest.this_update);
  wire::PutTime(out, manifest.next_update);
  wire::PutTime(out, manifest.refresh_at);
  wire::PutTime(out, manifest.produced_at);
  wire::PutInt(out, manifest.ledger_size);
  base::Append(out, manifest.previous);
  if (manifest.epoch != 1) wire::PutInt(out, manifest.epoch);
  return out;
}

absl::StatusOr<Manifest> ParseManifest(base::Bytes encoded) {
  const absl::Status malformed =
      absl::InvalidArgumentError("manifest: malformed");
  wire::Reader in(encoded);
  Manifest manifest;
  uint8_t format, templates;
  if (!in.Int(format) || (format != kFirstEpoch && format != kLaterEpoch) ||
      !in.Array(manifest.block_id) || !in.Array(manifest.issuer_id) ||
      !in.Int(manifest.version) || !in.Int(manifest.base_version) ||
      !in.Int(manifest.capacity) || !in.Int(manifest.count) ||
      !in.Array(manifest.record_root) || !in.Array(manifest.status_root) ||
      !in.Int(templates) || templates < 1 || templates > kMaxTemplates) {
    return malformed;
  }
  manifest.templates.resize(templates);
  for (TemplateId& id : manifest.templates) {
    if (!in.Array(id)) return malformed;
  }
  if (!in.Time(manifest.this_update) || !in.Time(manifest.next_update) ||
      !in.Time(manifest.refresh_at) || !in.Time(manifest.produced_at) ||
      !in.Int(manifest.ledger_size) || !in.Array(manifest.previous) ||
      (format == kLaterEpoch &&
       (!in.Int(manifest.epoch) || manifest.epoch < 2)) ||
      !in.AtEnd()) {
    return malformed;
  }
  if (!std::has_single_bit(manifest.capacity) ||
      manifest.capacity > kMaxCapacity || manifest.count > manifest.capacity) {
    return absl::InvalidArgumentError(
        "manifest: count and capacity do not fit");
  }
  if (manifest.version == 0 || manifest.base_version >= manifest.version) {
    return absl::InvalidArgumentError("manifest: a version grows");
  }
  return manifest;
}

std::string SignedMessage(absl::string_view type, base::Bytes message) {
  std::string out = "chancery/";
  out.append(type.data(), type.size());
  out += "/v1";
  out.push_back('\0');
  base::Append(out, message);
  return out;
}

std::string Signed::Encode() const {
  std::string out;
  wire::PutCounted<uint32_t>(out, base::AsBytes(message));
  base::Append(out, key_id);
  wire::PutCounted<uint16_t>(out, base::AsBytes(signature));
  return out;
}

absl::StatusOr<Signed> Signed::Parse(base::Bytes encoded) {
  wire::Reader in(encoded);
  Signed out;
  base::Bytes message, signature;
  if (!in.Counted<uint32_t>(message) || !in.Array(out.key_id) ||
      !in.Counted<uint16_t>(signature) || !in.AtEnd()) {
    return absl::InvalidArgumentError("signed message: malformed");
  }
  out.message = base::ToString(message);
  out.signature = base::ToString(signature);
  return out;
}

merkle::Hash Signed::Hash() const {
  const std::string encoded = Encode();
  return crypto::Sha256(base::AsBytes(encoded));
}

crypto::Sha256Digest KeyIdOf(const crypto::PublicKey& key) {
  return crypto::Sha256(key.spki());
}

absl::StatusOr<Signed> Sign(absl::string_view type, std::string message,
                            const crypto::SigningKey& key) {
  Signed out;
  const std::string covered = SignedMessage(type, base::AsBytes(message));
  out.message = std::move(message);
  out.key_id = KeyIdOf(key.public_key());
  ASSIGN_OR_RETURN(out.signature, key.Sign(base::AsBytes(covered)));
  RETURN_IF_ERROR(Verify(type, out, key.public_key()));
  return out;
}

absl::Status Verify(absl::string_view type, const Signed& signed_message,
                    const crypto::PublicKey& key) {
  const std::string covered =
      SignedMessage(type, base::AsBytes(signed_message.message));
  return key.Verify(crypto::AlgorithmOf(key), base::AsBytes(covered),
                    base::AsBytes(signed_message.signature));
}

}  // namespace chancery::block
