#include "block/head.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "crypto/digest.h"

namespace chancery::block {
namespace {

constexpr uint8_t kFormat = 1;
constexpr char kIndexMagic[] = "CHI1";
constexpr size_t kMagicSize = 4;
constexpr size_t kRowSize = sizeof(BlockId) + sizeof(uint64_t);
// A block's id begins with so much of its issuer's.
constexpr size_t kIssuerPrefix = 8;
// The end of the year 9999.
constexpr uint64_t kMaxMicros = 253402300799999999;

// The key of the set that signed it, at a time when it may.
absl::StatusOr<const KeySet::ManifestKey*> KeyOf(
    const crypto::Sha256Digest& key_id, absl::Time time, const KeySet& keys) {
  for (const KeySet::ManifestKey& key : keys.keys) {
    if (crypto::Sha256(base::AsBytes(key.spki)) != key_id) continue;
    if (time < key.not_before || time > key.not_after) {
      return absl::PermissionDeniedError(absl::StrCat(
          "head: its key may not sign at ", absl::FormatTime(time)));
    }
    return &key;
  }
  return absl::PermissionDeniedError(
      absl::StrCat("head: key ", base::Hex(key_id), " is not in the key set"));
}

absl::Status CheckIssuers(const Index& index,
                          const std::vector<KeySet::ManifestKey>& keys) {
  std::set<std::string> prefixes;
  for (const KeySet::ManifestKey& key : keys) {
    for (const IssuerId& issuer : key.issuers) {
      prefixes.insert(base::ToString(base::Bytes(issuer).first(kIssuerPrefix)));
    }
  }
  for (const auto& [id, version] : index.versions) {
    if (prefixes.contains(base::ToString(base::Bytes(id).first(kIssuerPrefix))))
      continue;
    return absl::PermissionDeniedError(
        absl::StrCat("head: block ", base::Hex(id),
                     " is of an issuer that its key may not sign for"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Index::Encode() const {
  std::string out(kIndexMagic, kMagicSize);
  out.reserve(kMagicSize + sizeof(uint32_t) + versions.size() * kRowSize);
  wire::PutInt(out, static_cast<uint32_t>(versions.size()));
  for (const auto& [id, version] : versions) {
    base::Append(out, id);
    wire::PutInt(out, version);
  }
  return out;
}

absl::StatusOr<Index> Index::Parse(base::Bytes encoded) {
  const absl::Status malformed = absl::InvalidArgumentError("index: malformed");
  wire::Reader in(encoded);
  base::Bytes magic;
  uint32_t count;
  if (!in.Take(kMagicSize, magic) ||
      std::memcmp(magic.data(), kIndexMagic, kMagicSize) != 0 ||
      !in.Int(count) || in.size() != count * kRowSize) {
    return malformed;
  }
  Index index;
  index.versions.resize(count);
  for (size_t i = 0; i < count; ++i) {
    auto& [id, version] = index.versions[i];
    if (!in.Array(id) || !in.Int(version) || version == 0) return malformed;
    if (i > 0 && index.versions[i - 1].first >= id) {
      return absl::InvalidArgumentError("index: ids do not ascend");
    }
  }
  return index;
}

uint64_t Index::VersionOf(const BlockId& id) const {
  const auto at = std::lower_bound(versions.begin(), versions.end(), id,
                                   [](const auto& row, const BlockId& wanted) {
                                     return row.first < wanted;
                                   });
  return at == versions.end() || at->first != id ? 0 : at->second;
}

std::string Head::Encode() const {
  std::string out;
  wire::PutInt(out, kFormat);
  wire::PutInt(out, static_cast<uint64_t>(absl::ToUnixMicros(time)));
  wire::PutInt(out, ledger_size);
  base::Append(out, ledger_root);
  wire::PutInt(out, reflected_size);
  base::Append(out, index_hash);
  wire::PutInt(out, key_set_version);
  wire::PutInt(out, epoch);
  return out;
}

absl::StatusOr<Head> Head::Parse(base::Bytes encoded) {
  wire::Reader in(encoded);
  Head head;
  uint8_t format;
  uint64_t micros;
  if (!in.Int(format) || format != kFormat || !in.Int(micros) ||
      micros > kMaxMicros || !in.Int(head.ledger_size) ||
      !in.Array(head.ledger_root) || !in.Int(head.reflected_size) ||
      !in.Array(head.index_hash) || !in.Int(head.key_set_version) ||
      !in.Int(head.epoch) || !in.AtEnd()) {
    return absl::InvalidArgumentError("head: malformed");
  }
  if (head.reflected_size > head.ledger_size) {
    return absl::InvalidArgumentError(
        "head: reflects more entries than there are");
  }
  head.time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  return head;
}

absl::StatusOr<SignedHead> SignHead(Head head, const Index& index,
                                    const crypto::SigningKey& manifest_key,
                                    absl::string_view type) {
  SignedHead out;
  out.index = index.Encode();
  head.index_hash = crypto::Sha256(base::AsBytes(out.index));
  ASSIGN_OR_RETURN(const Signed made, Sign(type, head.Encode(), manifest_key));
  out.head = made.Encode();
  return out;
}

namespace {

// `own`: the index has blocks of the key's own issuers only.
absl::StatusOr<OpenedHead> Open(absl::string_view type, bool own,
                                const SignedHead& signed_head,
                                const KeySet& keys) {
  ASSIGN_OR_RETURN(const Signed parsed,
                   Signed::Parse(base::AsBytes(signed_head.head)));
  OpenedHead opened;
  ASSIGN_OR_RETURN(opened.head, Head::Parse(base::AsBytes(parsed.message)));
  ASSIGN_OR_RETURN(const KeySet::ManifestKey* const entry,
                   KeyOf(parsed.key_id, opened.head.time, keys));
  ASSIGN_OR_RETURN(const crypto::PublicKey key,
                   crypto::PublicKey::FromSpki(base::AsBytes(entry->spki)));
  if (!Verify(type, parsed, key).ok()) {
    return absl::PermissionDeniedError("head: the signature does not verify");
  }
  opened.key_id = parsed.key_id;
  opened.issuers = entry->issuers;
  if (crypto::Sha256(base::AsBytes(signed_head.index)) !=
      opened.head.index_hash) {
    return absl::InvalidArgumentError("head: comes with another index");
  }
  ASSIGN_OR_RETURN(opened.index,
                   Index::Parse(base::AsBytes(signed_head.index)));
  RETURN_IF_ERROR(
      CheckIssuers(opened.index,
                   own ? std::vector<KeySet::ManifestKey>{*entry} : keys.keys));
  return opened;
}

}  // namespace

absl::StatusOr<OpenedHead> OpenHead(const SignedHead& signed_head,
                                    const KeySet& keys) {
  return Open(kHeadType, /*own=*/false, signed_head, keys);
}

absl::StatusOr<OpenedHead> OpenOfflineHead(const SignedHead& signed_head,
                                           const KeySet& keys) {
  return Open(kOfflineHeadType, /*own=*/true, signed_head, keys);
}

absl::Status CheckKey(const OpenedHead& opened, const KeySet& keys) {
  return KeyOf(opened.key_id, opened.head.time, keys).status();
}

absl::StatusOr<Head> HeadOf(base::Bytes signed_head) {
  ASSIGN_OR_RETURN(const Signed parsed, Signed::Parse(signed_head));
  return Head::Parse(base::AsBytes(parsed.message));
}

absl::StatusOr<std::string> SignLedgerRoot(Head facts,
                                           const crypto::SigningKey& key) {
  facts.reflected_size = 0;
  facts.index_hash = {};
  ASSIGN_OR_RETURN(const Signed made,
                   Sign(kLedgerRootType, facts.Encode(), key));
  return made.Encode();
}

absl::StatusOr<Head> OpenStatement(absl::string_view type,
                                   base::Bytes statement,
                                   const std::vector<crypto::PublicKey>& keys) {
  ASSIGN_OR_RETURN(const Signed parsed, Signed::Parse(statement));
  ASSIGN_OR_RETURN(const Head head, Head::Parse(base::AsBytes(parsed.message)));
  for (const crypto::PublicKey& key : keys) {
    if (KeyIdOf(key) != parsed.key_id) continue;
    if (Verify(type, parsed, key).ok()) return head;
    return absl::PermissionDeniedError(
        absl::StrCat(type, ": the signature does not verify"));
  }
  return absl::PermissionDeniedError(
      absl::StrCat(type, ": key ", base::Hex(parsed.key_id),
                   " is not the key that signs manifests here"));
}

}  // namespace chancery::block
