#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "crypto/digest.h"
#include "ledger/codec.h"
#include "signer/ledger/rows.h"

namespace chancery::signer {
namespace {

std::string Key(Row row, absl::string_view first = "") {
  std::string key(1, static_cast<char>(row));
  ledger::ByteWriter(key).Raw(first);
  return key;
}

}  // namespace

bool IsDerived(char row) {
  switch (static_cast<Row>(row)) {
    case Row::kCertificate:
    case Row::kMember:
    case Row::kMemberChange:
    case Row::kBlock:
    case Row::kBlockChange:
    case Row::kOpenBlock:
    case Row::kNextBlock:
    case Row::kManifest:
    case Row::kRevoked:
    case Row::kRevokedEnd:
    case Row::kRemoved:
    case Row::kCrl:
    case Row::kCrlBase:
    case Row::kIssuer:
    case Row::kRequest:
    case Row::kCompromisedKey:
    case Row::kEpoch:
      return true;
    default:
      return false;
  }
}

bool IsLocal(char row) {
  return row == static_cast<char>(Row::kWitness) ||
         row == static_cast<char>(Row::kActive);
}

std::string MarkerKey() { return Key(Row::kMarker); }

std::string EntryKey(uint64_t index) {
  std::string key = Key(Row::kEntry);
  ledger::ByteWriter(key).U64(index);
  return key;
}

std::string CheckpointKey(uint64_t size) {
  std::string key = Key(Row::kCheckpoint);
  ledger::ByteWriter(key).U64(size);
  return key;
}

std::string CertificateKey(absl::string_view issuer_id,
                           absl::string_view serial) {
  std::string key = Key(Row::kCertificate, issuer_id);
  ledger::ByteWriter(key).Raw(serial);
  return key;
}

std::string MemberKey(absl::string_view block_id, uint32_t place) {
  std::string key = Key(Row::kMember, block_id);
  ledger::ByteWriter(key).U32(place);
  return key;
}

std::string MemberChangeKey(absl::string_view block_id, uint64_t index) {
  std::string key = Key(Row::kMemberChange, block_id);
  ledger::ByteWriter(key).U64(index);
  return key;
}

std::string BlockKey(absl::string_view block_id) {
  return Key(Row::kBlock, block_id);
}

std::string BlockChangeKey(uint64_t index) {
  std::string key = Key(Row::kBlockChange);
  ledger::ByteWriter(key).U64(index);
  return key;
}

std::string OpenBlockKey(absl::string_view issuer_id, uint32_t lifetime_class,
                         bool imported) {
  std::string key = Key(Row::kOpenBlock, issuer_id);
  ledger::ByteWriter(key).U32(lifetime_class).U8(imported ? 1 : 0);
  return key;
}

std::string NextBlockKey(absl::string_view issuer_id) {
  return Key(Row::kNextBlock, issuer_id);
}

std::string ManifestKey(absl::string_view block_id, uint64_t version) {
  std::string key = Key(Row::kManifest, block_id);
  ledger::ByteWriter(key).U64(version);
  return key;
}

std::string RevokedKey(absl::string_view issuer_id, uint32_t shard,
                       absl::string_view serial) {
  std::string key = Key(Row::kRevoked, issuer_id);
  ledger::ByteWriter(key).U32(shard).Raw(serial);
  return key;
}

std::string RevokedEndKey(absl::string_view issuer_id, uint32_t shard,
                          absl::Time not_after, absl::string_view serial) {
  std::string key = Key(Row::kRevokedEnd, issuer_id);
  ledger::ByteWriter(key).U32(shard).Seconds(not_after).Raw(serial);
  return key;
}

std::string RemovedKey(absl::string_view issuer_id, uint32_t shard,
                       absl::string_view serial) {
  std::string key = Key(Row::kRemoved, issuer_id);
  ledger::ByteWriter(key).U32(shard).Raw(serial);
  return key;
}

std::string CrlKey(absl::string_view issuer_id, uint32_t shard,
                   ledger::CrlKind kind) {
  std::string key = Key(Row::kCrl, issuer_id);
  ledger::ByteWriter(key).U32(shard).U8(static_cast<uint8_t>(kind));
  return key;
}

std::string CrlBaseKey(absl::string_view issuer_id, uint32_t shard) {
  std::string key = Key(Row::kCrlBase, issuer_id);
  ledger::ByteWriter(key).U32(shard);
  return key;
}

std::string IssuerKey(absl::string_view issuer_id) {
  return Key(Row::kIssuer, issuer_id);
}

std::string RequestKey(const ledger::Origin& origin) {
  std::string name;
  ledger::ByteWriter(name)
      .Counted(origin.caller, 4)
      .Counted(origin.requester, 4)
      .Counted(origin.request_id, 4);
  const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(name));
  return Key(Row::kRequest, base::AsText(digest));
}

std::string CompromisedKeyKey(absl::string_view spki_sha256) {
  return Key(Row::kCompromisedKey, spki_sha256);
}

std::string CompromisedKeysKnownKey() {
  return Key(Row::kCompromisedKeysKnown);
}

std::string BlockBytesKey(absl::string_view block_id) {
  return Key(Row::kBlockBytes, block_id);
}

std::string DeltaKey(absl::string_view block_id, uint64_t version) {
  std::string key = Key(Row::kDelta, block_id);
  ledger::ByteWriter(key).U64(version);
  return key;
}

std::string NewestBytesKey(absl::string_view block_id) {
  return Key(Row::kNewestBytes, block_id);
}

std::string TemplateKey(absl::string_view template_id) {
  return Key(Row::kTemplate, template_id);
}

std::string HeadKey() { return Key(Row::kHead); }

std::string EpochKey() { return Key(Row::kEpoch); }

std::string WitnessKey() { return Key(Row::kWitness); }

std::string ActiveKey() { return Key(Row::kActive); }

std::string EndOf(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

}  // namespace chancery::signer
