#include "signer/ledger/state_update.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "signer/ledger/certificate_state.h"
#include "signer/ledger/compromised_key.h"
#include "signer/ledger/rows.h"
#include "signer/ledger/state.h"

namespace chancery::signer {
namespace {

constexpr uint8_t kKeyCompromise = 1;  // RFC 5280 section 5.3.1.

std::string Sha256(absl::string_view bytes) {
  return base::ToString(crypto::Sha256(base::AsBytes(bytes)));
}

std::string Hex(absl::string_view bytes) {
  return base::Hex(base::AsBytes(bytes));
}

absl::Status CheckNotFuture(absl::string_view field, absl::Time time,
                            const ledger::Entry& entry) {
  if (time <= entry.time) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", absl::FormatTime(time, absl::UTCTimeZone()),
                   " is in the future"));
}

absl::Status CheckLedgerSize(uint64_t claimed, uint64_t former,
                             const ledger::Entry& entry) {
  if (claimed > entry.index) {
    return absl::InvalidArgumentError(
        absl::StrCat("ledger size: ", claimed, " is more than the ",
                     entry.index, " entries there are"));
  }
  if (claimed < former) {
    return absl::FailedPreconditionError(
        absl::StrCat("ledger size: ", claimed, " is behind the ", former,
                     " that were reflected before"));
  }
  return absl::OkStatus();
}

absl::Status PutBlockState(const BlockState& former, BlockState block,
                           const ledger::Entry& entry, KvOverlay& overlay) {
  if (former.changed_index != entry.index) {
    const std::string old_key = BlockChangeKey(former.changed_index);
    // A block's first change has no former one, and index 0 may be another's.
    ASSIGN_OR_RETURN(const std::optional<std::string> old,
                     overlay.Get(old_key));
    if (old == block.block_id) overlay.Delete(old_key);
  }
  block.changed_index = entry.index;
  overlay.Put(BlockChangeKey(entry.index), block.block_id);
  overlay.Put(BlockKey(block.block_id), EncodeBlock(block));
  return absl::OkStatus();
}

// Counts a member's change in its block.
absl::Status TouchMember(const CertificateState& member, BlockState block,
                         const ledger::Entry& entry, KvOverlay& overlay) {
  const BlockState former = block;
  ++block.changes;
  block.member_index = entry.index;
  overlay.Put(MemberKey(member.block_id, member.place), EncodeMember(member));
  overlay.Put(MemberChangeKey(member.block_id, entry.index),
              EncodeNumber(member.place));
  return PutBlockState(former, std::move(block), entry, overlay);
}

// The first entry of a request is what repeating it finds.
absl::Status RecordRequest(const ledger::Origin& origin,
                           const ledger::Entry& entry, KvOverlay& overlay) {
  if (origin.request_id.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<RequestState> known,
                   State(overlay).Request(origin));
  if (!known.has_value()) {
    overlay.Put(RequestKey(origin),
                EncodeRequest({.request_hash = origin.request_hash,
                               .index = entry.index}));
    return absl::OkStatus();
  }
  if (known->request_hash == origin.request_hash) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      "request id: \"", origin.request_id,
      "\" was used for another request (entry ", known->index, ")"));
}

// Begins the block that `made` names, as the next of its issuer, and closes the
// one that was open.
absl::StatusOr<BlockState> BeginBlock(const ledger::CertificateEntry& made,
                                      const ledger::Entry& entry,
                                      KvOverlay& overlay) {
  const std::string number_key = NextBlockKey(made.issuer_id);
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   overlay.Get(number_key));
  uint64_t number = 0;
  if (stored.has_value()) {
    ASSIGN_OR_RETURN(number, ParseNumber(*stored));
  }
  if (made.block_id != MakeBlockId(made.issuer_id, number)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "block id: ", Hex(made.block_id), " is not the issuer's next block"));
  }
  overlay.Put(number_key, EncodeNumber(number + 1));

  const std::string open_key =
      OpenBlockKey(made.issuer_id, made.lifetime_class, made.imported);
  ASSIGN_OR_RETURN(const std::optional<std::string> former_id,
                   overlay.Get(open_key));
  if (former_id.has_value()) {
    ASSIGN_OR_RETURN(BlockState former, State(overlay).Block(*former_id));
    former.open = false;
    overlay.Put(BlockKey(*former_id), EncodeBlock(former));
  }
  overlay.Put(open_key, made.block_id);

  return BlockState{
      .block_id = made.block_id,
      .issuer_id = made.issuer_id,
      .lifetime_class = made.lifetime_class,
      .imported = made.imported,
      .capacity = made.block_capacity,
      .created = absl::FromUnixSeconds(absl::ToUnixSeconds(entry.time)),
      .changed_index = entry.index};
}

// The block that `made` joins, checked.
absl::StatusOr<BlockState> BlockFor(const ledger::CertificateEntry& made,
                                    const ledger::Entry& entry,
                                    KvOverlay& overlay) {
  absl::StatusOr<BlockState> block = State(overlay).Block(made.block_id);
  if (absl::IsNotFound(block.status())) {
    block = BeginBlock(made, entry, overlay);
  }
  RETURN_IF_ERROR(block.status());
  if (!block->open || block->issuer_id != made.issuer_id ||
      block->lifetime_class != made.lifetime_class ||
      block->imported != made.imported ||
      block->capacity != made.block_capacity) {
    return absl::FailedPreconditionError(absl::StrCat(
        "block id: ", Hex(made.block_id),
        " is not the open block of this issuer, class, kind and capacity"));
  }
  if (made.place != block->count) {
    return absl::FailedPreconditionError(
        absl::StrCat("place: ", made.place, " is not the next of block ",
                     Hex(made.block_id), ", which is ", block->count));
  }
  return block;
}

absl::Status Apply(const ledger::CertificateEntry& made,
                   const ledger::Entry& entry, KvOverlay& overlay) {
  // TRUST 2.3: "One serial, one certificate".
  const std::string key = CertificateKey(made.issuer_id, made.serial);
  ASSIGN_OR_RETURN(const std::optional<std::string> known, overlay.Get(key));
  if (known.has_value()) {
    return absl::AlreadyExistsError(
        absl::StrCat("serial: ", Hex(made.serial), " is in the ledger"));
  }
  ASSIGN_OR_RETURN(const std::optional<IssuerState> issuer,
                   State(overlay).Issuer(made.issuer_id));
  if (issuer.has_value() && made.crl_shard >= issuer->crl_shards) {
    return absl::FailedPreconditionError(
        absl::StrCat("CRL shard: ", made.crl_shard, " of issuer \"",
                     issuer->name, "\", which has ", issuer->crl_shards));
  }
  RETURN_IF_ERROR(RecordRequest(made.origin, entry, overlay));
  ASSIGN_OR_RETURN(BlockState block, BlockFor(made, entry, overlay));
  ++block.count;
  overlay.Put(key, EncodePlace(made.block_id, made.place));
  const CertificateState member = {
      .issuer_id = made.issuer_id,
      .serial = made.serial,
      .certificate_sha256 = Sha256(made.certificate),
      .not_after = made.not_after,
      .crl_shard = made.crl_shard,
      .block_id = made.block_id,
      .place = made.place,
      .revoked_at = absl::UnixEpoch(),
      .issued_index = entry.index,
      .changed_index = entry.index,
  };
  return TouchMember(member, std::move(block), entry, overlay);
}

absl::Status Apply(const ledger::StatusEntry& change,
                   const ledger::Entry& entry, KvOverlay& overlay) {
  const State state(overlay);
  ASSIGN_OR_RETURN(CertificateState former,
                   state.Certificate(change.issuer_id, change.serial));
  ASSIGN_OR_RETURN(CertificateState member,
                   ChangeStatus(std::move(former), change, entry.time));
  RETURN_IF_ERROR(RecordRequest(change.origin, entry, overlay));
  member.changed_index = entry.index;
  if (member.status == CertificateStatus::kRevoked &&
      member.reason == kKeyCompromise) {
    RETURN_IF_ERROR(RecordCompromisedKey(member, entry.index, overlay));
  }

  const std::string key =
      RevokedKey(member.issuer_id, member.crl_shard, member.serial);
  const std::string end_key = RevokedEndKey(member.issuer_id, member.crl_shard,
                                            member.not_after, member.serial);
  const std::string removed_key =
      RemovedKey(member.issuer_id, member.crl_shard, member.serial);
  if (member.status == CertificateStatus::kGood) {
    overlay.Delete(key);
    overlay.Delete(end_key);
    overlay.Put(removed_key, EncodeNumber(entry.index));
  } else {
    ASSIGN_OR_RETURN(const std::optional<std::string> removed,
                     overlay.Get(removed_key));
    if (removed.has_value()) overlay.Delete(removed_key);
    overlay.Put(key, EncodeRevoked({.reason = member.reason,
                                    .revoked_at = member.revoked_at,
                                    .not_after = member.not_after,
                                    .changed_index = entry.index}));
    overlay.Put(end_key, "");
  }
  ASSIGN_OR_RETURN(BlockState block, state.Block(member.block_id));
  return TouchMember(member, std::move(block), entry, overlay);
}

absl::Status Apply(const ledger::ManifestEntry& manifest,
                   const ledger::Entry& entry, KvOverlay& overlay) {
  ASSIGN_OR_RETURN(BlockState block, State(overlay).Block(manifest.block_id));
  // TRUST 2.6: "Never two manifests for one (block, version)".
  if (manifest.version <= block.version) {
    return absl::FailedPreconditionError(
        absl::StrCat("version: ", manifest.version, " of block ",
                     Hex(manifest.block_id), " is not after ", block.version));
  }
  RETURN_IF_ERROR(
      CheckLedgerSize(manifest.ledger_size, block.signed_ledger_size, entry));
  // TRUST 2.8: "never in the future".
  RETURN_IF_ERROR(CheckNotFuture("this update", manifest.this_update, entry));
  const BlockState former = block;
  block.version = manifest.version;
  block.manifest_sha256 = Sha256(manifest.manifest);
  block.signed_ledger_size = manifest.ledger_size;
  block.this_update = manifest.this_update;
  block.refresh_at = manifest.refresh_at;
  overlay.Put(ManifestKey(manifest.block_id, manifest.version),
              block.manifest_sha256);
  return PutBlockState(former, std::move(block), entry, overlay);
}

// What a new base does not list, deltas need not take off.
absl::Status ForgetRemoved(const ledger::CrlEntry& crl, KvOverlay& overlay) {
  const std::string prefix = RemovedKey(crl.issuer_id, crl.shard);
  std::vector<std::string> reflected;
  absl::Status read;
  RETURN_IF_ERROR(
      overlay.Scan(prefix, EndOf(prefix),
                   [&](absl::string_view key, absl::string_view value) {
                     const absl::StatusOr<uint64_t> index = ParseNumber(value);
                     read = index.status();
                     if (index.ok() && *index < crl.ledger_size) {
                       reflected.emplace_back(key.data(), key.size());
                     }
                     return read.ok();
                   }));
  RETURN_IF_ERROR(read);
  for (std::string& key : reflected) overlay.Delete(std::move(key));
  return absl::OkStatus();
}

// Takes what `crl` was the second to name after its end off the next one.
absl::Status RemoveExpired(const ledger::CrlEntry& crl, const CrlState& former,
                           KvOverlay& overlay) {
  const std::string from =
      RevokedEndKey(crl.issuer_id, crl.shard, absl::UnixEpoch());
  const size_t prefix_size = from.size();
  std::vector<std::string> expired;
  RETURN_IF_ERROR(overlay.Scan(
      from, RevokedEndKey(crl.issuer_id, crl.shard, former.this_update),
      [&](absl::string_view key, absl::string_view) {
        expired.emplace_back(key.data(), key.size());
        return true;
      }));
  for (std::string& end_key : expired) {
    const std::string key =
        RevokedKey(crl.issuer_id, crl.shard,
                   absl::string_view(end_key).substr(prefix_size));
    ASSIGN_OR_RETURN(const std::optional<std::string> value, overlay.Get(key));
    if (!value.has_value()) return DamagedRow("revoked certificate");
    RevokedCertificate revoked;
    RETURN_IF_ERROR(ParseRevoked(*value, revoked));
    if (revoked.changed_index >= crl.ledger_size) continue;  // Not on it.
    overlay.Delete(key);
    overlay.Delete(std::move(end_key));
  }
  return absl::OkStatus();
}

// Says why the entries after it do not count against the limit. An order is one
// request's: whoever uses it for another finds this one.
absl::Status Apply(const ledger::OrderEntry& order, const ledger::Entry& entry,
                   KvOverlay& overlay) {
  return RecordRequest(order.origin, entry, overlay);
}

// A full CRL becomes the base of the deltas after it once half of the validity
// of the one before has passed: until then, who has that one, or any full one
// since, can use the deltas.
absl::Status MoveBase(const ledger::CrlEntry& crl, const CrlState& state,
                      KvOverlay& overlay) {
  ASSIGN_OR_RETURN(const std::optional<CrlState> base,
                   State(overlay).DeltaBase(crl.issuer_id, crl.shard));
  if (base.has_value() && crl.this_update - base->this_update <
                              (base->next_update - base->this_update) / 2) {
    return absl::OkStatus();
  }
  overlay.Put(CrlBaseKey(crl.issuer_id, crl.shard), EncodeCrl(state));
  return ForgetRemoved(crl, overlay);
}

absl::Status Apply(const ledger::CrlEntry& crl, const ledger::Entry& entry,
                   KvOverlay& overlay) {
  const State state(overlay);
  ASSIGN_OR_RETURN(const std::optional<CrlState> newest,
                   state.NewestCrl(crl.issuer_id, crl.shard));
  RETURN_IF_ERROR(CheckLedgerSize(
      crl.ledger_size, newest.has_value() ? newest->ledger_size : 0, entry));
  RETURN_IF_ERROR(CheckNotFuture("this update", crl.this_update, entry));
  if (newest.has_value()) {
    // TRUST 7: "Full and delta of a scope share one number sequence".
    if (crl.number <= newest->number) {
      return absl::FailedPreconditionError(absl::StrCat(
          "CRL number: ", crl.number, " is not after ", newest->number));
    }
    // TRUST 2.8: "at least one second later than in what it replaces".
    if (crl.this_update <= newest->this_update) {
      return absl::FailedPreconditionError(
          absl::StrCat("this update: ",
                       absl::FormatTime(crl.this_update, absl::UTCTimeZone()),
                       " is not after the former CRL's"));
    }
  } else if (crl.kind == ledger::CrlKind::kDelta) {
    return absl::FailedPreconditionError(
        "CRL: a delta needs a full CRL of its scope before it");
  }
  const CrlState state_after = {.kind = crl.kind,
                                .number = crl.number,
                                .this_update = crl.this_update,
                                .next_update = crl.next_update,
                                .ledger_size = crl.ledger_size,
                                .revoked_count = crl.revoked_count,
                                .crl_sha256 = crl.crl_sha256,
                                .index = entry.index};
  if (crl.kind == ledger::CrlKind::kFull) {
    ASSIGN_OR_RETURN(const std::optional<CrlState> former,
                     state.Crl(crl.issuer_id, crl.shard));
    if (former.has_value()) {
      RETURN_IF_ERROR(RemoveExpired(crl, *former, overlay));
    }
    RETURN_IF_ERROR(MoveBase(crl, state_after, overlay));
  }
  overlay.Put(CrlKey(crl.issuer_id, crl.shard, crl.kind),
              EncodeCrl(state_after));
  return absl::OkStatus();
}

absl::Status Apply(const ledger::IssuerEntry& issuer,
                   const ledger::Entry& entry, KvOverlay& overlay) {
  ASSIGN_OR_RETURN(const std::optional<IssuerState> known,
                   State(overlay).Issuer(issuer.issuer_id));
  if (known.has_value()) {
    return absl::AlreadyExistsError(absl::StrCat("issuer: \"", known->name,
                                                 "\" is in the ledger (entry ",
                                                 known->index, ")"));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> first_block,
                   overlay.Get(NextBlockKey(issuer.issuer_id)));
  if (first_block.has_value() && issuer.crl_shards != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("CRL shards: ", issuer.crl_shards, " for issuer \"",
                     issuer.name, "\", which has certificates in one CRL"));
  }
  overlay.Put(IssuerKey(issuer.issuer_id),
              EncodeIssuer({.issuer_id = issuer.issuer_id,
                            .name = issuer.name,
                            .crl_shards = issuer.crl_shards,
                            .index = entry.index}));
  return absl::OkStatus();
}

absl::Status Apply(const ledger::EpochEntry& begins, const ledger::Entry&,
                   KvOverlay& overlay) {
  ASSIGN_OR_RETURN(const uint64_t before, State(overlay).Epoch());
  // TRUST 3: "an operator promotes a standby with a higher one".
  if (begins.epoch <= before) {
    return absl::FailedPreconditionError(
        absl::StrCat("epoch: ", begins.epoch, " is not after ", before));
  }
  overlay.Put(EpochKey(), EncodeNumber(begins.epoch));
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyEntry(const ledger::Entry& entry, KvOverlay& overlay) {
  return std::visit(
      [&](const auto& body) { return Apply(body, entry, overlay); },
      entry.body);
}

}  // namespace chancery::signer
