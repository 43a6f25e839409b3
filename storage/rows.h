// What the inventory holds. Copies: the signer's ledger owns every status.
#ifndef CHANCERY_STORAGE_ROWS_H_
#define CHANCERY_STORAGE_ROWS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace chancery::storage {

// All times are whole seconds. Serials are magnitudes without leading zeros.
//
// `subject` and `names` are for people and search: bytes in them that are not
// UTF-8 text, and control characters, are kept as U+FFFD. All other text must
// be UTF-8 without NUL (InvalidArgument). The DER is the truth.

enum class CertificateStatus { kGood = 0, kHeld = 1, kRevoked = 2 };

struct CertificateRow {
  std::string issuer_id = {};  // 32 bytes.
  std::string serial = {};
  std::string der = {};
  std::string subject = {};             // As text (RFC 4514).
  std::vector<std::string> names = {};  // Subject alternative names as text.
  absl::Time not_before = {};
  absl::Time not_after = {};
  std::string profile = {};
  std::string requester = {};  // Identity URI.
  std::string request_id = {};
  CertificateStatus status = CertificateStatus::kGood;
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();
  std::string block_id = {};
  uint32_t place = 0;  // In the block.
  uint32_t crl_shard = 0;
  absl::Time issued_at = absl::UnixEpoch();
  uint64_t ledger_index = 0;  // Of the entry that says this status.
};

struct StatusRow {
  std::string issuer_id = {};
  std::string serial = {};
  CertificateStatus status = CertificateStatus::kGood;
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();
  uint64_t ledger_index = 0;
};

struct CertificateFilter {
  std::string issuer_id = {};  // Empty fields do not filter.
  std::optional<CertificateStatus> status = {};
  std::string serial_prefix = {};  // Whole bytes.
  std::string text = {};  // Part of the subject or of a name; a-z is A-Z.
  std::string profile = {};
  std::string requester = {};
  std::optional<absl::Time> expires_after = {};
  std::optional<absl::Time> expires_before = {};
};

struct CertificatePage {
  std::vector<CertificateRow> rows = {};
  std::string next_token = {};  // Empty on the last page.
};

struct DeltaRow {
  uint64_t base_version = 0;
  uint64_t version = 0;
  std::string data = {};
};

struct BlockRow {
  std::string block_id = {};  // 16 bytes.
  std::string issuer_id = {};
  uint64_t version = 0;  // Of `data`; deltas lead further.
  // InfiniteFuture: all of its certificates have expired.
  absl::Time refresh_at = absl::InfiniteFuture();
  absl::Time this_update = absl::UnixEpoch();  // That: not known.
  absl::Time next_update = absl::InfiniteFuture();
  std::string data = {};
  std::vector<DeltaRow> deltas =
      {};  // In order: each leads from the one before.
  std::vector<std::string> template_ids = {};
};

// When a block was signed, and until when that holds.
struct BlockTimes {
  std::string block_id = {};
  uint64_t version = 0;  // With deltas.
  absl::Time this_update = {};
  absl::Time next_update = {};
  absl::Time refresh_at = {};
};

// Which CRL: each has a newest one.
struct CrlScope {
  std::string issuer_id = {};
  uint32_t shard = 0;
  bool is_delta = false;

  friend auto operator<=>(const CrlScope&, const CrlScope&) = default;
};

// All of a CRL but its bytes.
struct CrlRow {
  std::string issuer_id = {};
  uint32_t shard = 0;
  bool is_delta = false;
  uint64_t number = 0;
  uint64_t base_number = 0;  // Of a delta: the full one that it adds to.
  absl::Time this_update = {};
  absl::Time next_update = {};
  absl::Time refresh_at = {};
  uint64_t ledger_size = 0;  // Every ledger entry before this index is in it.
  uint64_t size = 0;         // Of its DER.

  CrlScope scope() const { return {issuer_id, shard, is_delta}; }
};

struct IssuerRow {
  std::string issuer_id = {};
  std::string name = {};
  std::string certificate = {};         // DER.
  std::vector<std::string> chain = {};  // DER, upwards, without the root.
  std::vector<std::string> profiles = {};
};

// The newest head of a signer (block/head.h).
struct HeadRow {
  absl::Time time = absl::InfinitePast();  // Microseconds.
  uint64_t epoch = 1;
  std::string head = {};
  std::string index = {};
};

// How far a copy of a signer's ledger goes, and what vouches for it.
struct LedgerRootRow {
  uint64_t size = 0;          // Entries.
  std::string frontier = {};  // merkle::Frontier of them, encoded.
  // As the signer signed it (block::SignLedgerRoot).
  std::string signed_root = {};
};

// One step of a follower: all of it or nothing, with the new cursor.
struct LedgerStep {
  std::vector<CertificateRow> certificates = {};
  std::vector<StatusRow> statuses = {};
  std::string signer = {};  // Whose ledger; each has a cursor of its own.
  uint64_t from_index = 0;  // Of the first entry that is in it.
  uint64_t next_index = 0;  // The first entry that is not followed yet.
  // The entries themselves, encoded, from from_index on, and what they lead to:
  // a copy for a signer that loses its own. A cursor of who keeps none has
  // neither.
  std::vector<std::string> entries = {};
  LedgerRootRow root = {};
};

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_ROWS_H_
