// What the signer is asked, and what it answers, as values.
#ifndef CHANCERY_SIGNER_REQUESTS_H_
#define CHANCERY_SIGNER_REQUESTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/fd.h"
#include "block/update.h"
#include "ledger/entry.h"

namespace chancery::signer {

// Who is asking: the calling service's identity, and the client it asks for.
struct Asker {
  std::string caller_uri = {};
  std::string requester = {};   // As the caller says; recorded, never trusted.
  std::string request_id = {};  // 1 to 128 bytes.
};

struct IssueRequest {
  Asker asker = {};
  std::string issuer = {};  // Its configured name.
  std::string profile = {};
  std::string csr = {};  // PKCS #10, DER.
  // Within the profile's validity; absent: as it says.
  std::optional<absl::Time> not_before = {}, not_after = {};
};

struct Issued {
  std::string certificate = {};         // DER.
  std::vector<std::string> chain = {};  // DER, upwards, without the root.
  std::string issuer_id = {};
  std::string serial = {};  // Magnitude.
  std::vector<block::Update> updates = {};
  uint64_t ledger_index = 0;
  bool repeated = false;  // An answer given before.
  std::string block_id = {};
  uint32_t place = 0;
  uint32_t crl_shard = 0;
};

struct IssuedBatch {
  // As the requests were, in their order; each without updates.
  std::vector<absl::StatusOr<Issued>> results = {};
  // Carry the first OCSP records of all that were issued.
  std::vector<block::Update> updates = {};
};

struct RevokeRequest {
  Asker asker = {};
  std::string issuer = {};
  std::string serial = {};                    // Magnitude.
  int reason = 0;                             // RFC 5280 section 5.3.1.
  std::optional<absl::Time> revoked_at = {};  // Absent: now.
};

struct ReleaseRequest {
  Asker asker = {};
  std::string issuer = {};
  std::string serial = {};
};

struct RevokeManyRequest {
  Asker asker = {};
  std::string issuer = {};
  std::vector<std::string> serials = {};  // Magnitudes.
  int reason = 0;
  std::optional<absl::Time> revoked_at = {};  // Absent: now.
  std::string order = {};                     // A signed one; empty: none.
};

struct RefusedSerial {
  std::string serial = {};
  absl::Status why = {};  // NotFound: never issued here.
};

// How far a mass revocation is: all that it counts is durable.
struct RevokedMany {
  uint64_t total = 0;    // Different serials.
  uint64_t done = 0;     // Of these: revoked, before or now, or refused.
  uint64_t revoked = 0;  // By this call.
  uint64_t already_revoked = 0;  // As asked for, before.
  // Since what was told before.
  std::vector<RefusedSerial> refused = {};
  std::vector<block::Update> updates = {};
};

// The certificate's status after the call.
struct Revoked {
  std::string issuer_id = {};
  std::string serial = {};
  bool revoked = false;
  int reason = 0;
  absl::Time revoked_at = {};
  std::vector<block::Update> updates = {};
  uint64_t ledger_index = 0;
};

// A block as signed, and when it wants to be signed again (InfiniteFuture when
// nothing in it lives).
struct BlockUpdates {
  std::vector<block::Update> updates = {};
  absl::Time refresh_at = absl::InfiniteFuture();
};

struct CrlRequest {
  std::string issuer = {};
  uint32_t shard = 0;
  ledger::CrlKind kind = ledger::CrlKind::kFull;
  // The newest of its kind that the asker knows to be published; 0: none. One
  // that is newer is given out again, none is made. Absent: one is made.
  std::optional<uint64_t> have_number = {};
};

struct SignedCrl {
  std::string issuer_id = {};
  uint64_t number = 0;
  absl::Time this_update = {};
  absl::Time next_update = {};
  absl::Time refresh_at = {};
  uint64_t entries = 0;
  uint64_t ledger_size = 0;  // Every entry before this index is reflected.
  uint64_t base_number = 0;  // Of a delta.
  uint64_t size = 0;         // Of its file, which has the DER.
  std::shared_ptr<const base::Fd> file = {};
};

struct ImportItem {
  std::string certificate = {};  // DER.
  bool revoked = false;
  int reason = 0;
  absl::Time revoked_at = {};
};

struct ImportRequest {
  Asker asker = {};
  std::string issuer = {};
  std::vector<ImportItem> items = {};
};

struct Imported {
  uint64_t added = 0;
  uint64_t already_known = 0;
  uint64_t raised_to_revoked = 0;
  std::vector<std::string> block_ids = {};  // To be signed now.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REQUESTS_H_
