// What a refresher asks of the signer.
#ifndef CHANCERY_REFRESHER_SIGNER_CLIENT_H_
#define CHANCERY_REFRESHER_SIGNER_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/head.h"
#include "block/update.h"

namespace chancery::refresher {

// A block in the signer's state, and when it wants to be signed again
// (InfiniteFuture: nothing in it lives).
struct SignedUpdates {
  std::vector<block::Update> updates = {};
  absl::Time refresh_at = absl::InfiniteFuture();
};

struct ListedBlock {
  std::string block_id = {};
  std::string issuer_id = {};
  uint64_t version = 0;
  absl::Time refresh_at = absl::InfiniteFuture();
  // It lives, and its manifest is signed by another key than signs now.
  bool by_former_key = false;
};

struct CrlRequest {
  std::string issuer = {};  // Its configured name.
  uint32_t shard = 0;
  bool is_delta = false;
  // The number that is published; 0: none. The signer answers with the newest
  // that it has made since, and makes one if there is none.
  uint64_t have_number = 0;
};

struct SignedCrl {
  std::string issuer_id = {};
  uint64_t number = 0;
  uint64_t base_number = 0;  // Of a delta.
  absl::Time this_update = {};
  absl::Time next_update = {};
  absl::Time refresh_at = {};
  // Every ledger entry before this index is in it.
  uint64_t ledger_size = 0;
  uint64_t size = 0;  // Of its DER.
};

// A CRL as it comes from the signer. Thread-compatible.
class CrlDownload {
 public:
  virtual ~CrlDownload() = default;

  virtual const SignedCrl& facts() const = 0;
  // The next piece of its DER; nullopt at the end. DataLoss: it ended before it
  // was whole.
  virtual absl::StatusOr<std::optional<std::string>> Next() = 0;
};

struct LedgerPage {
  std::vector<std::string> entries =
      {};  // Encoded; in order, from the asked index.
  uint64_t ledger_size = 0;
  // About exactly the ledger up to the last of them; empty without entries.
  std::string signed_root = {};
};

struct ListedIssuer {
  std::string name = {};
  std::string issuer_id = {};
  std::string certificate = {};
  std::vector<std::string> chain = {};
  std::vector<std::string> profiles = {};
  uint32_t crl_shards = 1;
  bool has_delta_crls = false;
};

// The caller names; the signer decides what it signs. Every call may fail with
// Unavailable (retry) or NotFound. Thread-safe.
class SignerClient {
 public:
  virtual ~SignerClient() = default;

  virtual absl::StatusOr<SignedUpdates> SignBlock(
      const std::string& block_id) = 0;
  // As last signed. Nothing in `updates` when `have_version` is the present
  // one.
  virtual absl::StatusOr<SignedUpdates> GetBlock(const std::string& block_id,
                                                 uint64_t have_version) = 0;
  virtual absl::StatusOr<std::vector<ListedBlock>> ListBlocks() = 0;
  virtual absl::StatusOr<std::unique_ptr<CrlDownload>> SignCrl(
      const CrlRequest& request) = 0;
  // At the end of the ledger: none, unless one comes within `wait`. The signer
  // may wait for less.
  virtual absl::StatusOr<LedgerPage> ReadEntries(uint64_t from,
                                                 absl::Duration wait) = 0;
  virtual absl::StatusOr<std::vector<ListedIssuer>> ListIssuers() = 0;
  // The newest head that is later than `after`; nullopt if there was none
  // within `wait`, ten seconds at most.
  virtual absl::StatusOr<std::optional<block::SignedHead>> GetHead(
      absl::Time after, absl::Duration wait) = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_SIGNER_CLIENT_H_
