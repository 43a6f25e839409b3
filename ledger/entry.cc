#include "ledger/entry.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "ledger/codec.h"

namespace chancery::ledger {
namespace {

constexpr uint8_t kFormat = 1;

enum Type : uint8_t {
  kIssue = 1,
  kImport = 2,
  kRevoke = 3,
  kHold = 4,
  kRelease = 5,
  kManifest = 6,
  kCrl = 7,
  kIssuer = 8,
  kOrder = 9,
  kEpoch = 10,
};

Type TypeOf(const EntryBody& body) {
  if (const auto* made = std::get_if<CertificateEntry>(&body)) {
    return made->imported ? kImport : kIssue;
  }
  if (const auto* status = std::get_if<StatusEntry>(&body)) {
    if (status->change == StatusChange::kRevoke) return kRevoke;
    return status->change == StatusChange::kHold ? kHold : kRelease;
  }
  if (std::holds_alternative<OrderEntry>(body)) return kOrder;
  if (std::holds_alternative<EpochEntry>(body)) return kEpoch;
  if (std::holds_alternative<ManifestEntry>(body)) return kManifest;
  return std::holds_alternative<CrlEntry>(body) ? kCrl : kIssuer;
}

absl::Status Invalid(absl::string_view field, absl::string_view value,
                     absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("ledger entry: ", field, ": ", value, ": ", rule));
}

absl::Status CheckSize(absl::string_view field, const std::string& bytes,
                       size_t min, size_t max) {
  if (bytes.size() >= min && bytes.size() <= max) return absl::OkStatus();
  return Invalid(field, absl::StrCat(bytes.size(), " bytes"),
                 min == max
                     ? absl::StrCat("must be ", min)
                     : absl::StrCat("must be between ", min, " and ", max));
}

absl::Status CheckSeconds(absl::string_view field, absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds >= 0 && seconds <= kMaxUnixSeconds &&
      absl::FromUnixSeconds(seconds) == time) {
    return absl::OkStatus();
  }
  return Invalid(field, absl::FormatTime(time, absl::UTCTimeZone()),
                 "must be a whole second between 1970 and 9999");
}

absl::Status CheckSerial(const std::string& serial) {
  RETURN_IF_ERROR(CheckSize("serial", serial, 1, kMaxSerialSize));
  if (serial[0] != 0) return absl::OkStatus();
  return Invalid("serial", base::Hex(base::AsBytes(serial)),
                 "must not begin with a zero octet");
}

absl::Status CheckOrigin(const Origin& origin) {
  RETURN_IF_ERROR(CheckSize("caller", origin.caller, 0, kMaxUriSize));
  RETURN_IF_ERROR(CheckSize("requester", origin.requester, 0, kMaxUriSize));
  RETURN_IF_ERROR(
      CheckSize("request id", origin.request_id, 0, kMaxRequestIdSize));
  const size_t hash_size = origin.request_id.empty() ? 0 : kHashSize;
  return CheckSize("request hash", origin.request_hash, hash_size, hash_size);
}

absl::Status CheckBody(const CertificateEntry& body) {
  RETURN_IF_ERROR(
      CheckSize("issuer id", body.issuer_id, kIssuerIdSize, kIssuerIdSize));
  RETURN_IF_ERROR(CheckSerial(body.serial));
  RETURN_IF_ERROR(CheckSeconds("not after", body.not_after));
  RETURN_IF_ERROR(
      CheckSize("block id", body.block_id, kBlockIdSize, kBlockIdSize));
  if (!std::has_single_bit(body.block_capacity) ||
      body.block_capacity > kMaxBlockCapacity) {
    return Invalid(
        "block capacity", absl::StrCat(body.block_capacity),
        absl::StrCat("must be a power of two up to ", kMaxBlockCapacity));
  }
  if (body.place >= body.block_capacity) {
    return Invalid("place", absl::StrCat(body.place),
                   "must be below the block's capacity");
  }
  RETURN_IF_ERROR(CheckSize("profile", body.profile, 0, kMaxProfileSize));
  RETURN_IF_ERROR(CheckOrigin(body.origin));
  return CheckSize("certificate", body.certificate, 1, kMaxCertificateSize);
}

absl::Status CheckBody(const StatusEntry& body) {
  RETURN_IF_ERROR(
      CheckSize("issuer id", body.issuer_id, kIssuerIdSize, kIssuerIdSize));
  RETURN_IF_ERROR(CheckSerial(body.serial));
  RETURN_IF_ERROR(CheckSeconds("revoked at", body.revoked_at));
  RETURN_IF_ERROR(CheckOrigin(body.origin));
  const absl::string_view reason_rule =
      body.change == StatusChange::kRevoke
          ? (body.reason > 10 || (body.reason > 5 && body.reason < 9)
                 ? "a revocation's reason is one of 0-5, 9, 10"
                 : "")
      : body.change == StatusChange::kHold
          ? (body.reason != 6 ? "a hold's reason is 6" : "")
          : (body.reason != 0 ? "a release has no reason" : "");
  if (!reason_rule.empty()) {
    return Invalid("reason", absl::StrCat(body.reason), reason_rule);
  }
  if (body.change == StatusChange::kRelease &&
      body.revoked_at != absl::UnixEpoch()) {
    return Invalid("revoked at", absl::FormatTime(body.revoked_at),
                   "a release has no revocation date");
  }
  return absl::OkStatus();
}

absl::Status CheckBody(const ManifestEntry& body) {
  RETURN_IF_ERROR(
      CheckSize("block id", body.block_id, kBlockIdSize, kBlockIdSize));
  if (body.version == 0) return Invalid("version", "0", "must be positive");
  RETURN_IF_ERROR(CheckSeconds("this update", body.this_update));
  if (body.refresh_at != absl::InfiniteFuture()) {
    RETURN_IF_ERROR(CheckSeconds("refresh at", body.refresh_at));
  }
  return CheckSize("manifest", body.manifest, 1, kMaxManifestSize);
}

absl::Status CheckBody(const CrlEntry& body) {
  RETURN_IF_ERROR(
      CheckSize("issuer id", body.issuer_id, kIssuerIdSize, kIssuerIdSize));
  if (body.kind != CrlKind::kFull && body.kind != CrlKind::kDelta) {
    return Invalid("kind", absl::StrCat(static_cast<int>(body.kind)),
                   "must be 1 (full) or 2 (delta)");
  }
  if (body.number == 0) return Invalid("number", "0", "must be positive");
  RETURN_IF_ERROR(CheckSeconds("this update", body.this_update));
  RETURN_IF_ERROR(CheckSeconds("next update", body.next_update));
  if (body.next_update <= body.this_update) {
    return Invalid("next update", absl::FormatTime(body.next_update),
                   "must be after this update");
  }
  return CheckSize("crl hash", body.crl_sha256, kHashSize, kHashSize);
}

absl::Status CheckBody(const OrderEntry& body) {
  if (body.count == 0 || body.count > kMaxOrderedEntries) {
    return Invalid("count", absl::StrCat(body.count),
                   absl::StrCat("must be between 1 and ", kMaxOrderedEntries));
  }
  RETURN_IF_ERROR(CheckSize("caller", body.origin.caller, 1, kMaxUriSize));
  RETURN_IF_ERROR(
      CheckSize("request id", body.origin.request_id, 1, kMaxRequestIdSize));
  RETURN_IF_ERROR(CheckOrigin(body.origin));
  return CheckSize("order", body.order, 1, kMaxOrderSize);
}

absl::Status CheckBody(const IssuerEntry& body) {
  RETURN_IF_ERROR(
      CheckSize("issuer id", body.issuer_id, kIssuerIdSize, kIssuerIdSize));
  RETURN_IF_ERROR(CheckSize("issuer name", body.name, 1, kMaxIssuerNameSize));
  if (!std::all_of(body.name.begin(), body.name.end(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
      })) {
    return Invalid("issuer name",
                   absl::StrCat("0x", base::Hex(base::AsBytes(body.name))),
                   "must be of lower-case letters, digits and dashes");
  }
  if (body.crl_shards == 0 || body.crl_shards > kMaxCrlShards) {
    return Invalid("CRL shards", absl::StrCat(body.crl_shards),
                   absl::StrCat("must be between 1 and ", kMaxCrlShards));
  }
  return CheckSize("certificate", body.certificate, 1, kMaxCertificateSize);
}

absl::Status CheckBody(const EpochEntry& body) {
  if (body.epoch >= 2 && body.epoch <= kMaxEpoch) return absl::OkStatus();
  return Invalid("epoch", absl::StrCat(body.epoch),
                 absl::StrCat("must be between 2 and ", kMaxEpoch));
}

void Write(const Origin& origin, ByteWriter& out) {
  out.Counted(origin.caller, 2)
      .Counted(origin.requester, 2)
      .Counted(origin.request_id, 1)
      .Raw(origin.request_hash);
}

bool Read(ByteReader& in, Origin& origin) {
  return in.Counted(2, kMaxUriSize, origin.caller) &&
         in.Counted(2, kMaxUriSize, origin.requester) &&
         in.Counted(1, kMaxRequestIdSize, origin.request_id) &&
         in.Raw(origin.request_id.empty() ? 0 : kHashSize, origin.request_hash);
}

void Write(const CertificateEntry& body, ByteWriter& out) {
  out.Raw(body.issuer_id)
      .Counted(body.serial, 1)
      .Seconds(body.not_after)
      .U32(body.crl_shard)
      .Raw(body.block_id)
      .U32(body.place)
      .U32(body.block_capacity)
      .U32(body.lifetime_class)
      .Counted(body.profile, 1);
  Write(body.origin, out);
  out.Counted(body.certificate, 4);
}

bool Read(ByteReader& in, CertificateEntry& body) {
  return in.Raw(kIssuerIdSize, body.issuer_id) &&
         in.Counted(1, kMaxSerialSize, body.serial) &&
         in.Seconds(body.not_after) && in.U32(body.crl_shard) &&
         in.Raw(kBlockIdSize, body.block_id) && in.U32(body.place) &&
         in.U32(body.block_capacity) && in.U32(body.lifetime_class) &&
         in.Counted(1, kMaxProfileSize, body.profile) &&
         Read(in, body.origin) &&
         in.Counted(4, kMaxCertificateSize, body.certificate);
}

void Write(const StatusEntry& body, ByteWriter& out) {
  out.Raw(body.issuer_id)
      .Counted(body.serial, 1)
      .U8(body.reason)
      .Seconds(body.revoked_at);
  Write(body.origin, out);
}

bool Read(ByteReader& in, StatusEntry& body) {
  return in.Raw(kIssuerIdSize, body.issuer_id) &&
         in.Counted(1, kMaxSerialSize, body.serial) && in.U8(body.reason) &&
         in.Seconds(body.revoked_at) && Read(in, body.origin);
}

void Write(const ManifestEntry& body, ByteWriter& out) {
  out.Raw(body.block_id)
      .U64(body.version)
      .U64(body.ledger_size)
      .Seconds(body.this_update)
      .Seconds(body.refresh_at)
      .Counted(body.manifest, 4);
}

bool Read(ByteReader& in, ManifestEntry& body) {
  return in.Raw(kBlockIdSize, body.block_id) && in.U64(body.version) &&
         in.U64(body.ledger_size) && in.Seconds(body.this_update) &&
         in.Seconds(body.refresh_at) &&
         in.Counted(4, kMaxManifestSize, body.manifest);
}

void Write(const CrlEntry& body, ByteWriter& out) {
  out.Raw(body.issuer_id)
      .U32(body.shard)
      .U8(static_cast<uint8_t>(body.kind))
      .U64(body.number)
      .Seconds(body.this_update)
      .Seconds(body.next_update)
      .U64(body.ledger_size)
      .U64(body.revoked_count)
      .Raw(body.crl_sha256);
}

bool Read(ByteReader& in, CrlEntry& body) {
  uint8_t kind;
  if (!in.Raw(kIssuerIdSize, body.issuer_id) || !in.U32(body.shard) ||
      !in.U8(kind)) {
    return false;
  }
  body.kind = static_cast<CrlKind>(kind);
  return in.U64(body.number) && in.Seconds(body.this_update) &&
         in.Seconds(body.next_update) && in.U64(body.ledger_size) &&
         in.U64(body.revoked_count) && in.Raw(kHashSize, body.crl_sha256);
}

void Write(const OrderEntry& body, ByteWriter& out) {
  out.U32(body.count);
  Write(body.origin, out);
  out.Counted(body.order, 4);
}

bool Read(ByteReader& in, OrderEntry& body) {
  return in.U32(body.count) && Read(in, body.origin) &&
         in.Counted(4, kMaxOrderSize, body.order);
}

void Write(const EpochEntry& body, ByteWriter& out) { out.U64(body.epoch); }

bool Read(ByteReader& in, EpochEntry& body) { return in.U64(body.epoch); }

void Write(const IssuerEntry& body, ByteWriter& out) {
  out.Raw(body.issuer_id)
      .Counted(body.name, 1)
      .U32(body.crl_shards)
      .Counted(body.certificate, 4);
}

bool Read(ByteReader& in, IssuerEntry& body) {
  return in.Raw(kIssuerIdSize, body.issuer_id) &&
         in.Counted(1, kMaxIssuerNameSize, body.name) &&
         in.U32(body.crl_shards) &&
         in.Counted(4, kMaxCertificateSize, body.certificate);
}

template <typename Body>
bool ReadBody(ByteReader& in, Body body, EntryBody& out) {
  if (!Read(in, body)) return false;
  out = std::move(body);
  return true;
}

bool ReadBody(uint8_t type, ByteReader& in, EntryBody& out) {
  switch (type) {
    case kIssue:
    case kImport:
      return ReadBody(in, CertificateEntry{.imported = type == kImport}, out);
    case kRevoke:
      return ReadBody(in, StatusEntry{.change = StatusChange::kRevoke}, out);
    case kHold:
      return ReadBody(in, StatusEntry{.change = StatusChange::kHold}, out);
    case kRelease:
      return ReadBody(in, StatusEntry{.change = StatusChange::kRelease}, out);
    case kManifest:
      return ReadBody(in, ManifestEntry(), out);
    case kCrl:
      return ReadBody(in, CrlEntry(), out);
    case kOrder:
      return ReadBody(in, OrderEntry(), out);
    case kIssuer:
      return ReadBody(in, IssuerEntry(), out);
    case kEpoch:
      return ReadBody(in, EpochEntry(), out);
  }
  return false;
}

}  // namespace

absl::Status ValidateEntry(const Entry& entry) {
  const int64_t micros = absl::ToUnixMicros(entry.time);
  if (micros < 0 || micros / 1000000 > kMaxUnixSeconds ||
      absl::FromUnixMicros(micros) != entry.time) {
    return Invalid("time", absl::FormatTime(entry.time, absl::UTCTimeZone()),
                   "must be a whole microsecond between 1970 and 9999");
  }
  return std::visit([](const auto& body) { return CheckBody(body); },
                    entry.body);
}

std::string EncodeEntry(const Entry& entry) {
  const uint64_t micros = static_cast<uint64_t>(absl::ToUnixMicros(entry.time));
  std::string bytes;
  ByteWriter out(bytes);
  out.U8(kFormat)
      .U8(TypeOf(entry.body))
      .U64(entry.index)
      .U64(micros / 1000000)
      .U32(static_cast<uint32_t>(micros % 1000000));
  std::visit([&out](const auto& body) { Write(body, out); }, entry.body);
  return bytes;
}

absl::StatusOr<Entry> ParseEntry(base::Bytes bytes) {
  ByteReader in(bytes);
  uint8_t format, type;
  uint64_t seconds;
  uint32_t micros;
  Entry entry;
  if (!in.U8(format) || !in.U8(type)) {
    return absl::InvalidArgumentError("ledger entry: shorter than its header");
  }
  if (format != kFormat) {
    return Invalid("format", absl::StrCat(format), "must be 1");
  }
  if (type < kIssue || type > kEpoch) {
    return Invalid("type", absl::StrCat(type), "must be between 1 and 10");
  }
  if (!in.U64(entry.index) || !in.U64(seconds) || !in.U32(micros)) {
    return absl::InvalidArgumentError("ledger entry: shorter than its header");
  }
  if (seconds > static_cast<uint64_t>(kMaxUnixSeconds) || micros >= 1000000) {
    return Invalid("time", absl::StrCat(seconds, " s ", micros, " us"),
                   "must end before the year 10000, with microseconds below "
                   "1000000");
  }
  entry.time = absl::FromUnixSeconds(static_cast<int64_t>(seconds)) +
               absl::Microseconds(micros);
  if (!ReadBody(type, in, entry.body)) {
    return Invalid("body", absl::StrCat("type ", type), "malformed");
  }
  if (!in.AtEnd()) {
    return Invalid("body", absl::StrCat("type ", type), "trailing bytes");
  }
  RETURN_IF_ERROR(ValidateEntry(entry));
  return entry;
}

std::string EntryTypeName(const EntryBody& body) {
  switch (TypeOf(body)) {
    case kIssue:
      return "issue";
    case kImport:
      return "import";
    case kRevoke:
      return "revoke";
    case kHold:
      return "hold";
    case kRelease:
      return "release";
    case kManifest:
      return "manifest";
    case kOrder:
      return "revocation order";
    case kCrl:
      return "crl";
    case kEpoch:
      return "epoch";
    case kIssuer:
      break;
  }
  return "issuer";
}

}  // namespace chancery::ledger
