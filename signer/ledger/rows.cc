#include "signer/ledger/rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "ledger/codec.h"

namespace chancery::signer {
namespace {

constexpr uint8_t kMarkerFormat = 1;
constexpr size_t kMaxFrontierSize = 8 + 64 * ledger::kHashSize;

}  // namespace

absl::Status DamagedRow(absl::string_view kind) {
  return absl::DataLossError(
      absl::StrCat("ledger: a ", kind, " row is damaged"));
}

std::string EncodeMarker(const Marker& marker) {
  std::string value;
  ledger::ByteWriter(value)
      .U8(kMarkerFormat)
      .U64(marker.frontier.size() == 0
               ? 0
               : static_cast<uint64_t>(absl::ToUnixMicros(marker.last_time)))
      .Counted(marker.frontier.Encode(), 2);
  return value;
}

absl::StatusOr<Marker> ParseMarker(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  uint8_t format;
  uint64_t micros;
  std::string encoded;
  if (!in.U8(format) || format != kMarkerFormat || !in.U64(micros) ||
      micros / 1000000 > static_cast<uint64_t>(ledger::kMaxUnixSeconds) ||
      !in.Counted(2, kMaxFrontierSize, encoded) || !in.AtEnd()) {
    return DamagedRow("marker");
  }
  absl::StatusOr<merkle::Frontier> frontier =
      merkle::Frontier::Parse(base::AsBytes(encoded));
  // An empty log has no last time.
  if (!frontier.ok() || (frontier->size() == 0 && micros != 0)) {
    return DamagedRow("marker");
  }
  Marker marker;
  if (frontier->size() > 0) {
    marker.last_time = absl::FromUnixMicros(static_cast<int64_t>(micros));
  }
  marker.frontier = *std::move(frontier);
  return marker;
}

std::string EncodeMember(const CertificateState& state) {
  std::string value;
  ledger::ByteWriter(value)
      .Raw(state.issuer_id)
      .Counted(state.serial, 1)
      .Raw(state.certificate_sha256)
      .Seconds(state.not_after)
      .U32(state.crl_shard)
      .Raw(state.block_id)
      .U32(state.place)
      .U8(static_cast<uint8_t>(state.status))
      .U8(state.reason)
      .Seconds(state.revoked_at)
      .U64(state.issued_index)
      .U64(state.changed_index);
  return value;
}

absl::StatusOr<CertificateState> ParseMember(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  CertificateState state;
  uint8_t status;
  if (!in.Raw(ledger::kIssuerIdSize, state.issuer_id) ||
      !in.Counted(1, ledger::kMaxSerialSize, state.serial) ||
      !in.Raw(ledger::kHashSize, state.certificate_sha256) ||
      !in.Seconds(state.not_after) || !in.U32(state.crl_shard) ||
      !in.Raw(ledger::kBlockIdSize, state.block_id) || !in.U32(state.place) ||
      !in.U8(status) ||
      status > static_cast<uint8_t>(CertificateStatus::kRevoked) ||
      !in.U8(state.reason) || !in.Seconds(state.revoked_at) ||
      !in.U64(state.issued_index) || !in.U64(state.changed_index) ||
      !in.AtEnd()) {
    return DamagedRow("certificate");
  }
  state.status = static_cast<CertificateStatus>(status);
  return state;
}

std::string EncodeBlock(const BlockState& state) {
  std::string value;
  ledger::ByteWriter(value)
      .Raw(state.block_id)
      .Raw(state.issuer_id)
      .U32(state.lifetime_class)
      .U8(state.imported ? 1 : 0)
      .U32(state.capacity)
      .U32(state.count)
      .U8(state.open ? 1 : 0)
      .Seconds(state.created)
      .U64(state.changes)
      .U64(state.member_index)
      .U64(state.changed_index)
      .U64(state.version)
      .Counted(state.manifest_sha256, 1)
      .U64(state.signed_ledger_size)
      .Seconds(state.this_update)
      .Seconds(state.refresh_at);
  return value;
}

absl::StatusOr<BlockState> ParseBlock(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  BlockState state;
  uint8_t imported, open;
  if (!in.Raw(ledger::kBlockIdSize, state.block_id) ||
      !in.Raw(ledger::kIssuerIdSize, state.issuer_id) ||
      !in.U32(state.lifetime_class) || !in.U8(imported) || imported > 1 ||
      !in.U32(state.capacity) || !in.U32(state.count) || !in.U8(open) ||
      open > 1 || !in.Seconds(state.created) || !in.U64(state.changes) ||
      !in.U64(state.member_index) || !in.U64(state.changed_index) ||
      !in.U64(state.version) ||
      !in.Counted(1, ledger::kHashSize, state.manifest_sha256) ||
      !in.U64(state.signed_ledger_size) || !in.Seconds(state.this_update) ||
      !in.Seconds(state.refresh_at) || !in.AtEnd()) {
    return DamagedRow("block");
  }
  state.imported = imported != 0;
  state.open = open != 0;
  return state;
}

std::string EncodeCrl(const CrlState& state) {
  std::string value;
  ledger::ByteWriter(value)
      .U8(static_cast<uint8_t>(state.kind))
      .U64(state.number)
      .Seconds(state.this_update)
      .Seconds(state.next_update)
      .U64(state.ledger_size)
      .U64(state.revoked_count)
      .Raw(state.crl_sha256)
      .U64(state.index);
  return value;
}

absl::StatusOr<CrlState> ParseCrl(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  CrlState state;
  uint8_t kind;
  if (!in.U8(kind) || !in.U64(state.number) || !in.Seconds(state.this_update) ||
      !in.Seconds(state.next_update) || !in.U64(state.ledger_size) ||
      !in.U64(state.revoked_count) ||
      !in.Raw(ledger::kHashSize, state.crl_sha256) || !in.U64(state.index) ||
      !in.AtEnd()) {
    return DamagedRow("CRL");
  }
  state.kind = static_cast<ledger::CrlKind>(kind);
  return state;
}

std::string EncodeRequest(const RequestState& state) {
  std::string value;
  ledger::ByteWriter(value).Raw(state.request_hash).U64(state.index);
  return value;
}

absl::StatusOr<RequestState> ParseRequest(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  RequestState state;
  if (!in.Raw(ledger::kHashSize, state.request_hash) || !in.U64(state.index) ||
      !in.AtEnd()) {
    return DamagedRow("request");
  }
  return state;
}

std::string EncodeRevoked(const RevokedCertificate& revoked) {
  std::string value;
  ledger::ByteWriter(value)
      .U8(revoked.reason)
      .Seconds(revoked.revoked_at)
      .Seconds(revoked.not_after)
      .U64(revoked.changed_index);
  return value;
}

absl::Status ParseRevoked(absl::string_view value,
                          RevokedCertificate& revoked) {
  ledger::ByteReader in(base::AsBytes(value));
  if (!in.U8(revoked.reason) || !in.Seconds(revoked.revoked_at) ||
      !in.Seconds(revoked.not_after) || !in.U64(revoked.changed_index) ||
      !in.AtEnd()) {
    return DamagedRow("revoked certificate");
  }
  return absl::OkStatus();
}

std::string EncodeIssuer(const IssuerState& state) {
  std::string value;
  ledger::ByteWriter(value)
      .Raw(state.issuer_id)
      .Counted(state.name, 1)
      .U32(state.crl_shards)
      .U64(state.index);
  return value;
}

absl::StatusOr<IssuerState> ParseIssuer(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  IssuerState state;
  if (!in.Raw(ledger::kIssuerIdSize, state.issuer_id) ||
      !in.Counted(1, ledger::kMaxIssuerNameSize, state.name) ||
      !in.U32(state.crl_shards) || state.crl_shards == 0 ||
      !in.U64(state.index) || !in.AtEnd()) {
    return DamagedRow("issuer");
  }
  return state;
}

std::string EncodePlace(absl::string_view block_id, uint32_t place) {
  std::string value;
  ledger::ByteWriter(value).Raw(block_id).U32(place);
  return value;
}

absl::Status ParsePlace(absl::string_view value, std::string& block_id,
                        uint32_t& place) {
  ledger::ByteReader in(base::AsBytes(value));
  if (!in.Raw(ledger::kBlockIdSize, block_id) || !in.U32(place) ||
      !in.AtEnd()) {
    return DamagedRow("place");
  }
  return absl::OkStatus();
}

std::string EncodeNumber(uint64_t number) {
  std::string value;
  ledger::ByteWriter(value).U64(number);
  return value;
}

absl::StatusOr<uint64_t> ParseNumber(absl::string_view value) {
  ledger::ByteReader in(base::AsBytes(value));
  uint64_t number;
  if (!in.U64(number) || !in.AtEnd()) return DamagedRow("number");
  return number;
}

std::string EncodeVersioned(uint64_t version, absl::string_view bytes) {
  std::string value;
  value.reserve(8 + bytes.size());
  ledger::ByteWriter(value).U64(version).Raw(bytes);
  return value;
}

absl::Status ParseVersioned(absl::string_view value, uint64_t& version,
                            std::string& bytes) {
  ledger::ByteReader in(base::AsBytes(value));
  if (!in.U64(version)) return DamagedRow("block bytes");
  bytes = base::ToString(in.rest());
  return absl::OkStatus();
}

}  // namespace chancery::signer
