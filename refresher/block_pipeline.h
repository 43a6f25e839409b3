// Carries blocks through the signer into the inventory, several at a time.
//
//     Take --> [waiting] --> Sign --> Store
//    caller     2 x jobs     jobs     + kBeyondSigning
//
// Signing is most of the work, so that everything else happens while other
// blocks are at the signer. Each block is carried by one thread from its
// signing to its end; there are as many as may be between the two, and who
// finds no place at the signer waits.
#ifndef CHANCERY_REFRESHER_BLOCK_PIPELINE_H_
#define CHANCERY_REFRESHER_BLOCK_PIPELINE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "refresher/signer_client.h"

namespace chancery::refresher {

// What becomes of a block on its way. Take and Renew are called by the
// pipeline's caller, the others by several threads at once.
class BlockStages {
 public:
  virtual ~BlockStages() = default;

  // Up to `room` blocks that are to be signed, none of them given before; none
  // if there are no more.
  virtual absl::StatusOr<std::vector<std::string>> Take(size_t room) = 0;
  // nullopt: the signer refuses it, which is no failure.
  virtual absl::StatusOr<std::optional<SignedUpdates>> Sign(
      const std::string& block_id) = 0;
  // False as nullopt of Sign.
  virtual absl::StatusOr<bool> Store(const std::string& block_id,
                                     SignedUpdates updates) = 0;
  // It was taken, and will not be carried on.
  virtual void GiveBack(const std::string& block_id) = 0;
  // These are in hand for longer than was thought.
  virtual void Renew(const std::vector<std::string>& block_ids) = 0;
};

struct PipelineOptions {
  // Blocks at the signer at a time. 0: one block after the other, in the
  // caller's thread, for tests that decide in which order all things happen.
  size_t jobs = 8;
  // After so many have been taken, no more are.
  size_t max_blocks = 4096;
  // Failures, of signer or inventory, one after the other without a success
  // between them, after which no other block is tried.
  int give_up_after = 3;
  absl::Duration renew_every = absl::Seconds(20);
  // Blocks that are not at the signer yet are given back once it is requested.
  std::stop_token stop = {};
  // Told by the caller's thread how many are done.
  std::function<void(size_t done)> report = {};
};

// Threads that store, beyond those that may be at the signer.
inline constexpr size_t kBeyondSigning = 4;

// At most so many blocks are in hand at a time, and at most jobs +
// kBeyondSigning of them with what was signed.
inline constexpr size_t MostInHand(size_t jobs) {
  return 3 * jobs + kBeyondSigning;
}

struct Carried {
  size_t done = 0;      // Signed and stored.
  absl::Status status;  // The first failure; other blocks were carried on.
};

// Returns when nothing is in hand. `stages` needs to be safe for the threads
// above.
Carried CarryBlocks(BlockStages& stages, const PipelineOptions& options);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_BLOCK_PIPELINE_H_
