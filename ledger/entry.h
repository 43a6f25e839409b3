// What the ledger records, and the bytes that its Merkle tree covers
// (FORMAT.md).
//
//   std::string bytes = EncodeEntry(entry);
//   ASSIGN_OR_RETURN(Entry same, ParseEntry(base::AsBytes(bytes)));
#ifndef CHANCERY_LEDGER_ENTRY_H_
#define CHANCERY_LEDGER_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::ledger {

inline constexpr size_t kIssuerIdSize = 32;
inline constexpr size_t kBlockIdSize = 16;
inline constexpr size_t kHashSize = 32;
inline constexpr size_t kMaxSerialSize = 20;
inline constexpr size_t kMaxUriSize = 1024;
inline constexpr size_t kMaxRequestIdSize = 128;
inline constexpr size_t kMaxProfileSize = 128;
inline constexpr size_t kMaxCertificateSize = 1 << 16;
inline constexpr size_t kMaxManifestSize = 1 << 16;
inline constexpr uint32_t kMaxBlockCapacity = 1 << 16;
inline constexpr size_t kMaxOrderSize = 1 << 15;
inline constexpr uint32_t kMaxOrderedEntries = 4096;
inline constexpr size_t kMaxIssuerNameSize = 63;
inline constexpr uint32_t kMaxCrlShards = 4096;
// A serial number begins with it, in one octet, and is positive.
inline constexpr uint64_t kMaxEpoch = 127;

// Who asked. (caller, requester, request_id) names a request for ever.
struct Origin {
  std::string caller = {};      // The identity that called the signer.
  std::string requester = {};   // Whom it says it asks for.
  std::string request_id = {};  // Empty: not repeatable, not looked up.
  // 32 bytes, of what was asked; empty without an id.
  std::string request_hash = {};
};

// A certificate comes into being (types issue and import).
struct CertificateEntry {
  bool imported = false;
  std::string issuer_id = {};
  std::string serial = {};  // Magnitude: no leading zero octet.
  absl::Time not_after = {};
  uint32_t crl_shard = 0;
  std::string block_id = {};
  uint32_t place = 0;           // The block's next: members so far.
  uint32_t block_capacity = 0;  // A power of two, the same for all members.
  uint32_t lifetime_class = 0;  // Days, rounded up to a power of two.
  std::string profile = {};     // Empty for imports.
  Origin origin = {};
  std::string certificate = {};  // DER.
};

enum class StatusChange : uint8_t { kRevoke, kHold, kRelease };

// A certificate's status changes (types revoke, hold and release).
struct StatusEntry {
  StatusChange change = StatusChange::kRevoke;
  std::string issuer_id = {};
  std::string serial = {};
  uint8_t reason = 0;          // RFC 5280 section 5.3.1; hold: 6; release: 0.
  absl::Time revoked_at = {};  // Whole seconds; release: the epoch.
  Origin origin = {};
};

// A block was signed. `manifest` is opaque here.
struct ManifestEntry {
  std::string block_id = {};
  uint64_t version = 0;
  uint64_t ledger_size = 0;  // Every entry before this index is reflected.
  absl::Time this_update = {};
  absl::Time refresh_at = {};  // InfiniteFuture: nothing in it lives.
  std::string manifest = {};   // As signed, with its signature.
};

enum class CrlKind : uint8_t { kFull = 1, kDelta = 2 };

// A CRL was signed; its bytes lie beside the log, under their hash.
struct CrlEntry {
  std::string issuer_id = {};
  uint32_t shard = 0;
  CrlKind kind = CrlKind::kFull;
  uint64_t number = 0;
  absl::Time this_update = {};
  absl::Time next_update = {};
  uint64_t ledger_size = 0;    // Every entry before this index is reflected.
  uint64_t revoked_count = 0;  // Entries in the CRL.
  std::string crl_sha256 = {};
};

// A second identity ordered the next `count` entries, which are status changes
// of the same moment: they do not count against the limit on revocations.
struct OrderEntry {
  uint32_t count = 0;  // 1 to kMaxOrderedEntries.
  // Who signed the order, and its id: an order belongs to one request.
  Origin origin = {};
  std::string order = {};  // As signed (revocation_order.h).
};

// An issuer begins: what is fixed for as long as its key signs.
struct IssuerEntry {
  std::string issuer_id = {};
  std::string name = {};         // Lower-case letters, digits and dashes.
  std::string certificate = {};  // DER.
  uint32_t crl_shards = 1;       // Scopes that its CRL is divided into.
};

// Another signer goes on with this ledger: what comes after this entry is its
// own, and whoever signed before must not any more. Before the first of these
// the epoch is 1.
struct EpochEntry {
  uint64_t epoch = 0;  // 2 to kMaxEpoch; later ones are greater.
};

using EntryBody = std::variant<CertificateEntry, StatusEntry, ManifestEntry,
                               CrlEntry, IssuerEntry, OrderEntry, EpochEntry>;

struct Entry {
  uint64_t index = 0;
  absl::Time time = {};  // Microseconds; never before the entry before it.
  EntryBody body = {};
};

// InvalidArgument names the field, its value and the limit it breaks. All times
// but Entry::time are whole seconds between 1970 and 9999.
absl::Status ValidateEntry(const Entry& entry);

// `entry` must be valid: what was not is encoded to bytes that do not parse.
std::string EncodeEntry(const Entry& entry);

// The entry that EncodeEntry gave `bytes` for. InvalidArgument for anything
// else: other lengths, orders, types, versions or trailing bytes.
absl::StatusOr<Entry> ParseEntry(base::Bytes bytes);

// "issue", "import", "revoke", "hold", "release", "manifest", "crl", "issuer",
// "revocation order", "epoch".
std::string EntryTypeName(const EntryBody& body);

}  // namespace chancery::ledger

#endif  // CHANCERY_LEDGER_ENTRY_H_
