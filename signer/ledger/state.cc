#include "signer/ledger/state.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "ledger/codec.h"
#include "signer/ledger/rows.h"

namespace chancery::signer {
namespace {

absl::Status NotFound(absl::string_view what, absl::string_view id) {
  return absl::NotFoundError(
      absl::StrCat("ledger: no ", what, " ", base::Hex(base::AsBytes(id))));
}

// The row at `key`; `missing` when there is none.
absl::StatusOr<std::string> RowAt(const KvReader& reader,
                                  const std::string& key,
                                  absl::FunctionRef<absl::Status()> missing) {
  ASSIGN_OR_RETURN(std::optional<std::string> value, reader.Get(key));
  if (!value.has_value()) return missing();
  return *std::move(value);
}

// Calls `visit` for the rows in [from, to) until it fails.
absl::Status ScanRows(
    const KvReader& reader, const std::string& from, const std::string& to,
    absl::FunctionRef<absl::Status(absl::string_view, absl::string_view)>
        visit) {
  absl::Status visited;
  RETURN_IF_ERROR(reader.Scan(
      from, to, [&](absl::string_view key, absl::string_view value) {
        visited = visit(key, value);
        return visited.ok();
      }));
  return visited;
}

}  // namespace

absl::StatusOr<ledger::Entry> State::EntryAt(uint64_t index) const {
  ASSIGN_OR_RETURN(
      const std::string bytes, RowAt(reader_, EntryKey(index), [index] {
        return absl::NotFoundError(absl::StrCat("ledger: no entry ", index));
      }));
  absl::StatusOr<ledger::Entry> entry =
      ledger::ParseEntry(base::AsBytes(bytes));
  if (!entry.ok() || entry->index != index) {
    return DamagedRow(absl::StrCat("entry (", index, ")"));
  }
  return entry;
}

absl::StatusOr<CertificateState> State::Certificate(
    absl::string_view issuer_id, absl::string_view serial) const {
  ASSIGN_OR_RETURN(const std::string where,
                   RowAt(reader_, CertificateKey(issuer_id, serial), [serial] {
                     return NotFound("certificate with serial", serial);
                   }));
  std::string block_id;
  uint32_t place;
  RETURN_IF_ERROR(ParsePlace(where, block_id, place));
  ASSIGN_OR_RETURN(const std::string value,
                   RowAt(reader_, MemberKey(block_id, place),
                         [] { return DamagedRow("place"); }));
  return ParseMember(value);
}

absl::StatusOr<std::string> State::CertificateDer(
    const CertificateState& certificate) const {
  ASSIGN_OR_RETURN(ledger::Entry entry, EntryAt(certificate.issued_index));
  auto* made = std::get_if<ledger::CertificateEntry>(&entry.body);
  if (made == nullptr || made->serial != certificate.serial ||
      made->issuer_id != certificate.issuer_id) {
    return DamagedRow("certificate");
  }
  return std::move(made->certificate);
}

absl::StatusOr<BlockState> State::Block(absl::string_view block_id) const {
  ASSIGN_OR_RETURN(const std::string value,
                   RowAt(reader_, BlockKey(block_id),
                         [block_id] { return NotFound("block", block_id); }));
  return ParseBlock(value);
}

absl::StatusOr<Place> State::NextPlace(const PlaceRequest& request,
                                       absl::Time now) const {
  ASSIGN_OR_RETURN(
      const std::optional<std::string> open_id,
      reader_.Get(OpenBlockKey(request.issuer_id, request.lifetime_class,
                               request.imported)));
  if (open_id.has_value()) {
    ASSIGN_OR_RETURN(const BlockState block, Block(*open_id));
    if (block.count < block.capacity && now - block.created < request.max_age) {
      return Place{.block_id = block.block_id,
                   .place = block.count,
                   .block_capacity = block.capacity};
    }
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   reader_.Get(NextBlockKey(request.issuer_id)));
  uint64_t number = 0;
  if (stored.has_value()) {
    ASSIGN_OR_RETURN(number, ParseNumber(*stored));
  }
  return Place{.block_id = MakeBlockId(request.issuer_id, number),
               .place = 0,
               .block_capacity = request.capacity};
}

absl::Status State::Members(absl::string_view block_id,
                            CertificateVisitor visit) const {
  return ScanRows(
      reader_, MemberKey(block_id, 0), EndOf(MemberKey(block_id, ~0u)),
      [visit](absl::string_view, absl::string_view value) -> absl::Status {
        ASSIGN_OR_RETURN(const CertificateState member, ParseMember(value));
        return visit(member);
      });
}

absl::Status State::ChangedMembers(absl::string_view block_id, uint64_t since,
                                   CertificateVisitor visit) const {
  std::set<uint64_t> places;
  RETURN_IF_ERROR(ScanRows(
      reader_, MemberChangeKey(block_id, since),
      EndOf(MemberChangeKey(block_id, ~0ull)),
      [&places](absl::string_view, absl::string_view value) -> absl::Status {
        ASSIGN_OR_RETURN(const uint64_t place, ParseNumber(value));
        places.insert(place);
        return absl::OkStatus();
      }));
  for (const uint64_t place : places) {
    ASSIGN_OR_RETURN(
        const std::string value,
        RowAt(reader_, MemberKey(block_id, static_cast<uint32_t>(place)),
              [] { return DamagedRow("member change"); }));
    ASSIGN_OR_RETURN(const CertificateState member, ParseMember(value));
    RETURN_IF_ERROR(visit(member));
  }
  return absl::OkStatus();
}

absl::Status State::Blocks(BlockVisitor visit) const {
  return ScanRows(
      reader_, BlockKey(""), EndOf(BlockKey("")),
      [visit](absl::string_view, absl::string_view value) -> absl::Status {
        ASSIGN_OR_RETURN(const BlockState block, ParseBlock(value));
        return visit(block);
      });
}

absl::Status State::BlocksChangedSince(uint64_t since,
                                       BlockVisitor visit) const {
  return ScanRows(
      reader_, BlockChangeKey(since), EndOf(BlockChangeKey(~0ull)),
      [&](absl::string_view, absl::string_view block_id) -> absl::Status {
        ASSIGN_OR_RETURN(const BlockState block, Block(block_id));
        return visit(block);
      });
}

absl::StatusOr<std::string> State::ManifestSha256(absl::string_view block_id,
                                                  uint64_t version) const {
  return RowAt(reader_, ManifestKey(block_id, version), [&] {
    return NotFound(absl::StrCat("manifest of version ", version, " of block"),
                    block_id);
  });
}

absl::Status State::RevokedCertificates(absl::string_view issuer_id,
                                        uint32_t shard,
                                        RevokedVisitor visit) const {
  const std::string prefix = RevokedKey(issuer_id, shard);
  RevokedCertificate revoked;  // One for all: it keeps its buffer.
  return ScanRows(
      reader_, prefix, EndOf(prefix),
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        key.remove_prefix(prefix.size());
        revoked.serial.assign(key.data(), key.size());
        RETURN_IF_ERROR(ParseRevoked(value, revoked));
        return visit(revoked);
      });
}

absl::Status State::RemovedCertificates(
    absl::string_view issuer_id, uint32_t shard,
    absl::FunctionRef<absl::Status(absl::string_view serial)> visit) const {
  const std::string prefix = RemovedKey(issuer_id, shard);
  return ScanRows(reader_, prefix, EndOf(prefix),
                  [&](absl::string_view key, absl::string_view) {
                    return visit(key.substr(prefix.size()));
                  });
}

absl::StatusOr<std::optional<CrlState>> State::NewestCrl(
    absl::string_view issuer_id, uint32_t shard) const {
  ASSIGN_OR_RETURN(std::optional<CrlState> full,
                   Crl(issuer_id, shard, ledger::CrlKind::kFull));
  ASSIGN_OR_RETURN(std::optional<CrlState> delta,
                   Crl(issuer_id, shard, ledger::CrlKind::kDelta));
  // There is no delta without a full one.
  return delta.has_value() && full.has_value() && delta->number > full->number
             ? delta
             : full;
}

absl::StatusOr<std::optional<IssuerState>> State::Issuer(
    absl::string_view issuer_id) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(IssuerKey(issuer_id)));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(IssuerState state, ParseIssuer(*value));
  return std::optional<IssuerState>(std::move(state));
}

absl::Status State::Issuers(IssuerVisitor visit) const {
  return ScanRows(
      reader_, IssuerKey(""), EndOf(IssuerKey("")),
      [visit](absl::string_view, absl::string_view value) -> absl::Status {
        ASSIGN_OR_RETURN(const IssuerState issuer, ParseIssuer(value));
        return visit(issuer);
      });
}

absl::StatusOr<std::optional<CrlState>> State::Crl(absl::string_view issuer_id,
                                                   uint32_t shard,
                                                   ledger::CrlKind kind) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(CrlKey(issuer_id, shard, kind)));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(CrlState state, ParseCrl(*value));
  return std::optional<CrlState>(std::move(state));
}

absl::StatusOr<std::optional<CrlState>> State::DeltaBase(
    absl::string_view issuer_id, uint32_t shard) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(CrlBaseKey(issuer_id, shard)));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(CrlState state, ParseCrl(*value));
  return std::optional<CrlState>(std::move(state));
}

absl::Status State::Crls(CrlVisitor visit) const {
  const std::string prefix(1, static_cast<char>(Row::kCrl));
  return ScanRows(
      reader_, prefix, EndOf(prefix),
      [visit](absl::string_view, absl::string_view value) -> absl::Status {
        ASSIGN_OR_RETURN(const CrlState crl, ParseCrl(value));
        return visit(crl);
      });
}

absl::StatusOr<std::optional<RequestState>> State::Request(
    const ledger::Origin& origin) const {
  if (origin.request_id.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(RequestKey(origin)));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(RequestState state, ParseRequest(*value));
  return std::optional<RequestState>(std::move(state));
}

absl::StatusOr<std::optional<uint64_t>> State::CompromisedKey(
    absl::string_view spki_sha256) const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(CompromisedKeyKey(spki_sha256)));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const uint64_t index, ParseNumber(*value));
  return std::optional<uint64_t>(index);
}

absl::StatusOr<StoredBlock> State::BlockBytes(
    absl::string_view block_id) const {
  ASSIGN_OR_RETURN(const std::string value,
                   RowAt(reader_, BlockBytesKey(block_id), [block_id] {
                     return NotFound("bytes of block", block_id);
                   }));
  StoredBlock block;
  RETURN_IF_ERROR(ParseVersioned(value, block.version, block.bytes));
  return block;
}

absl::StatusOr<std::vector<StoredDelta>> State::Deltas(
    absl::string_view block_id) const {
  std::vector<StoredDelta> deltas;
  RETURN_IF_ERROR(ScanRows(
      reader_, DeltaKey(block_id, 0), EndOf(DeltaKey(block_id, ~0ull)),
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        StoredDelta delta;
        ASSIGN_OR_RETURN(delta.version,
                         ParseNumber(key.substr(key.size() - 8)));
        RETURN_IF_ERROR(ParseVersioned(value, delta.base_version, delta.bytes));
        deltas.push_back(std::move(delta));
        return absl::OkStatus();
      }));
  return deltas;
}

absl::StatusOr<std::string> State::Template(
    absl::string_view template_id) const {
  return RowAt(reader_, TemplateKey(template_id),
               [template_id] { return NotFound("template", template_id); });
}

absl::StatusOr<std::optional<std::string>> State::Head() const {
  return reader_.Get(HeadKey());
}

absl::StatusOr<uint64_t> State::Epoch() const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(EpochKey()));
  if (!value.has_value()) return 1;
  return ParseNumber(*value);
}

absl::StatusOr<std::optional<std::string>> State::Witness() const {
  return reader_.Get(WitnessKey());
}

absl::StatusOr<std::optional<uint64_t>> State::ActiveEpoch() const {
  ASSIGN_OR_RETURN(const std::optional<std::string> value,
                   reader_.Get(ActiveKey()));
  if (!value.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const uint64_t epoch, ParseNumber(*value));
  return std::optional<uint64_t>(epoch);
}

std::string MakeBlockId(absl::string_view issuer_id, uint64_t number) {
  std::string id;
  ledger::ByteWriter(id).Raw(issuer_id.substr(0, 8)).U64(number);
  return id;
}

}  // namespace chancery::signer
