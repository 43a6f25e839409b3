// One responder, as a refresher sees it.
#ifndef CHANCERY_REFRESHER_RESPONDER_CLIENT_H_
#define CHANCERY_REFRESHER_RESPONDER_CLIENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/head.h"
#include "block/update.h"
#include "storage/crl_pieces.h"
#include "storage/rows.h"

namespace chancery::refresher {

struct HeldVersions {
  std::map<std::string, uint64_t> blocks = {};
  std::map<storage::CrlScope, uint64_t> crls = {};  // -> number.
};

struct ApplyResult {
  std::string block_id = {};
  uint64_t version = 0;     // What the responder holds now.
  bool accepted = false;    // It holds the update's version or a newer one.
  std::string detail = {};  // Why not.
};

// How current a responder is by its own judgement.
struct HeadStanding {
  // The time of the newest head of which it has everything.
  absl::Time met = absl::InfinitePast();
  // Every ledger entry before this index is in what it serves.
  uint64_t reflected_size = 0;
  uint64_t blocks_behind = 0;  // Of the newest head.
  bool ready = false;
};

struct ResponderStatus {
  uint64_t blocks = 0;
  uint64_t certificates = 0;
  uint64_t newest_version = 0;
  uint64_t crls = 0;
  std::string http_address = {};
  std::string version = {};
  HeadStanding head = {};
};

// Every call may fail with Unavailable; sending anything twice does no harm.
// Thread-safe.
class ResponderClient {
 public:
  virtual ~ResponderClient() = default;

  virtual absl::StatusOr<HeldVersions> GetVersions() = 0;
  // One result for each update, in order.
  virtual absl::StatusOr<std::vector<ApplyResult>> Apply(
      const std::vector<block::Update>& updates) = 0;
  // Returns the number held afterwards. An error of `pieces` ends it and is
  // returned.
  virtual absl::StatusOr<uint64_t> PutCrl(const storage::CrlRow& crl,
                                          storage::CrlPieces pieces) = 0;
  // FailedPrecondition: it has met a newer head.
  virtual absl::StatusOr<HeadStanding> PutHead(
      const block::SignedHead& head) = 0;
  virtual absl::StatusOr<ResponderStatus> GetStatus() = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESPONDER_CLIENT_H_
