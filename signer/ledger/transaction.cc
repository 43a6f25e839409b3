#include "signer/ledger/transaction.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "signer/ledger/compromised_key.h"
#include "signer/ledger/rows.h"
#include "signer/ledger/state_update.h"

namespace chancery::signer {
namespace {

constexpr uint8_t kKeyCompromise = 1;  // RFC 5280 section 5.3.1.

}  // namespace

absl::StatusOr<uint64_t> Transaction::Append(ledger::EntryBody body) {
  const ledger::Entry entry = {
      .index = frontier_.size(), .time = time_, .body = std::move(body)};
  RETURN_IF_ERROR(ledger::ValidateEntry(entry));
  KvOverlay changes(static_cast<const KvReader&>(overlay_));
  RETURN_IF_ERROR(ApplyEntry(entry, changes));
  overlay_.Absorb(changes);

  std::string bytes = ledger::EncodeEntry(entry);
  frontier_.Append(merkle::LeafHash(base::AsBytes(bytes)));
  overlay_.Put(EntryKey(entry.index), std::move(bytes));
  if (frontier_.size() % kCheckpointInterval == 0) {
    overlay_.Put(CheckpointKey(frontier_.size()), frontier_.Encode());
  }
  overlay_.Put(MarkerKey(),
               EncodeMarker({.frontier = frontier_, .last_time = time_}));
  return entry.index;
}

absl::Status Transaction::DropDeltas(absl::string_view block_id) {
  std::vector<std::string> deltas;
  RETURN_IF_ERROR(
      overlay_.Scan(DeltaKey(block_id, 0), EndOf(DeltaKey(block_id, ~0ull)),
                    [&deltas](absl::string_view key, absl::string_view) {
                      deltas.emplace_back(key.data(), key.size());
                      return true;
                    }));
  for (std::string& key : deltas) overlay_.Delete(std::move(key));
  return absl::OkStatus();
}

absl::Status Transaction::ForgetBytes(absl::string_view block_id) {
  RETURN_IF_ERROR(DropDeltas(block_id));
  overlay_.Delete(BlockBytesKey(block_id));
  overlay_.Delete(NewestBytesKey(block_id));
  return absl::OkStatus();
}

absl::Status Transaction::PutBlock(absl::string_view block_id, uint64_t version,
                                   std::string bytes) {
  ASSIGN_OR_RETURN(const BlockState block, state_.Block(block_id));
  if (version != block.version) {
    return absl::FailedPreconditionError(
        absl::StrCat("block ", base::Hex(base::AsBytes(block_id)), ": version ",
                     version, " is not the one signed last, ", block.version));
  }
  RETURN_IF_ERROR(DropDeltas(block_id));
  overlay_.Put(BlockBytesKey(block_id), EncodeVersioned(version, bytes));
  overlay_.Put(NewestBytesKey(block_id), EncodeNumber(version));
  return absl::OkStatus();
}

absl::Status Transaction::AppendDelta(absl::string_view block_id,
                                      uint64_t base_version, uint64_t version,
                                      std::string bytes) {
  ASSIGN_OR_RETURN(const BlockState block, state_.Block(block_id));
  const std::string newest_key = NewestBytesKey(block_id);
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   overlay_.Get(newest_key));
  if (!stored.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("block ", base::Hex(base::AsBytes(block_id)),
                     ": a delta needs a stored block to follow"));
  }
  ASSIGN_OR_RETURN(const uint64_t newest, ParseNumber(*stored));
  if (base_version != newest || version != block.version || version <= newest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "block ", base::Hex(base::AsBytes(block_id)), ": a delta from version ",
        base_version, " to ", version, " does not lead from ", newest,
        ", stored last, to ", block.version, ", signed last"));
  }
  overlay_.Put(DeltaKey(block_id, version),
               EncodeVersioned(base_version, bytes));
  overlay_.Put(newest_key, EncodeNumber(version));
  return absl::OkStatus();
}

absl::Status Transaction::PutTemplate(absl::string_view template_id,
                                      std::string bytes) {
  std::string key = TemplateKey(template_id);
  ASSIGN_OR_RETURN(const std::optional<std::string> known, overlay_.Get(key));
  if (known == bytes) return absl::OkStatus();
  if (known.has_value()) {
    return absl::AlreadyExistsError(
        absl::StrCat("template ", base::Hex(base::AsBytes(template_id)),
                     " is in the ledger with other bytes"));
  }
  overlay_.Put(std::move(key), std::move(bytes));
  return absl::OkStatus();
}

absl::Status Transaction::FindCompromisedKeys() {
  ASSIGN_OR_RETURN(const std::optional<std::string> known,
                   overlay_.Get(CompromisedKeysKnownKey()));
  if (known.has_value()) return absl::OkStatus();
  for (uint64_t index = 0; index < ledger_size(); ++index) {
    ASSIGN_OR_RETURN(const ledger::Entry entry, state_.EntryAt(index));
    const auto* change = std::get_if<ledger::StatusEntry>(&entry.body);
    if (change == nullptr || change->change != ledger::StatusChange::kRevoke ||
        change->reason != kKeyCompromise) {
      continue;
    }
    ASSIGN_OR_RETURN(const CertificateState certificate,
                     state_.Certificate(change->issuer_id, change->serial));
    RETURN_IF_ERROR(RecordCompromisedKey(certificate, index, overlay_));
  }
  overlay_.Put(CompromisedKeysKnownKey(), "");
  return absl::OkStatus();
}

void Transaction::PutHead(std::string bytes) {
  overlay_.Put(HeadKey(), std::move(bytes));
}

}  // namespace chancery::signer
