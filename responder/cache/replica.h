// What a refresher may do to a responder's cache.
#ifndef CHANCERY_RESPONDER_CACHE_REPLICA_H_
#define CHANCERY_RESPONDER_CACHE_REPLICA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/head.h"
#include "block/update.h"

namespace chancery::responder {

struct BlockOutcome {
  uint64_t version = 0;     // Held now; 0 for none.
  bool accepted = false;    // The update's version or a newer one is held.
  std::string detail = {};  // Why not.
};

struct HeldBlock {
  std::string block_id = {};
  uint64_t version = 0;
};

struct HeldCrl {
  std::string issuer_id = {};
  uint32_t shard = 0;
  uint64_t number = 0;
  bool is_delta = false;
};

// The next piece of a CRL's DER, which lasts until the call after; nullopt at
// the end. An error ends the whole.
using CrlPieces =
    absl::FunctionRef<absl::StatusOr<std::optional<base::Bytes>>()>;

// Of the newest head of which everything is here.
struct HeadStatus {
  absl::Time met = absl::InfinitePast();  // Its time; before the first.
  uint64_t reflected_size = 0;  // Every ledger entry before this is served.
  uint64_t blocks_behind = 0;   // What is lacking of the newest head.
  bool ready = false;
};

struct ReplicaStatus {
  uint64_t blocks = 0;
  uint64_t certificates = 0;
  uint64_t newest_version = 0;
  uint64_t crls = 0;
  bool ready = false;
  HeadStatus head = {};
};

// Everything is verified under the pinned key set before it replaces anything
// (TRUST 4); nothing is acknowledged before it is served and kept. Thread-safe.
class Replica {
 public:
  virtual ~Replica() = default;

  virtual BlockOutcome Apply(const block::Update& update) = 0;
  // Returns the number held afterwards; the pieces need not have been read.
  // InvalidArgument: not a CRL of one of our issuers, or not signed by it.
  // ResourceExhausted: there is no room for it; Unavailable: it could not be
  // kept for another reason. The CRL held before is served on.
  virtual absl::StatusOr<uint64_t> PutCrl(const HeldCrl& facts,
                                          CrlPieces pieces) = 0;

  virtual std::vector<HeldBlock> Blocks() const = 0;
  virtual std::vector<HeldCrl> Crls() const = 0;

  // The signer's newest head. Errors as HeadKeeper::Put.
  virtual absl::StatusOr<HeadStatus> PutHead(
      const block::SignedHead& signed_head) = 0;
  virtual ReplicaStatus Status() const = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_REPLICA_H_
