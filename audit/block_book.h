// Which certificates are in which block, and every manifest that was signed
// over them: the chain is unbroken and every status root follows.
#ifndef CHANCERY_AUDIT_BLOCK_BOOK_H_
#define CHANCERY_AUDIT_BLOCK_BOOK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "audit/certificate_table.h"
#include "audit/finding.h"
#include "audit/status_trees.h"
#include "block/block.h"
#include "block/manifest.h"
#include "ledger/entry.h"
#include "merkle/tree.h"

namespace chancery::audit {

// One manifest of the feed, in short.
struct ManifestRef {
  uint64_t version = 0;
  uint64_t index = 0;              // Its entry.
  uint64_t ledger_size = 0;        // Every entry before is reflected.
  std::array<uint8_t, 16> hash{};  // Of what was signed: the first half.
  bool lives = false;              // Something in it has to be signed again.
};

std::array<uint8_t, 16> ShortHash(const merkle::Hash& hash);

struct AuditedBlock {
  std::string id = {};  // 16 bytes.
  uint32_t issuer = 0;  // As in the CertificateTable.
  uint32_t capacity = 0;
  std::vector<CertificateNumber> members = {};  // By place.
  std::vector<ManifestRef> manifests = {};      // Versions ascend.

  const ManifestRef* newest() const {
    return manifests.empty() ? nullptr : &manifests.back();
  }
  // Null: no manifest of the feed has this version.
  const ManifestRef* Find(uint64_t version) const;
  // The newest of the first `ledger_size` entries; null if there is none.
  const ManifestRef* NewestOf(uint64_t ledger_size) const;

  // As the newest manifest has them, and what came since.
  std::vector<bool> empty = {};
  std::vector<uint32_t> changed = {};  // Places.
  uint64_t changed_index = 0;
  absl::Time changed_at = absl::InfinitePast();
  merkle::Hash last_hash{};
  absl::Time last_whole_update = absl::InfinitePast();
  absl::Time last_produced = absl::InfinitePast();
  absl::Time last_next_update = absl::InfinitePast();
};

// A manifest whose signature somebody has to look at.
struct SignedManifest {
  block::Signed signed_message;
  block::IssuerId issuer_id{};
  absl::Time produced_at;
  std::string block_id;
  uint64_t version = 0;
  uint64_t index = 0;
};

// Thread-compatible: readers may share it while nobody adds.
class BlockBook {
 public:
  // `certificates` must outlive it. `tree_places`: how many places of status
  // trees are kept; 64 bytes each.
  BlockBook(const CertificateTable& certificates, size_t tree_places)
      : certificates_(certificates), trees_(tree_places) {}

  // The block of a certificate's entry; a new one if it is not known yet. The
  // place must be its next.
  uint32_t BlockFor(const ledger::CertificateEntry& made, uint64_t index,
                    uint32_t issuer, Findings& findings);
  // That certificate, once it has its number.
  void Join(uint32_t block, CertificateNumber certificate, uint64_t index,
            absl::Time time);
  // A member's status has changed.
  void Touch(uint32_t block, uint32_t place, uint64_t index, absl::Time time);

  // Nullopt: it does not parse.
  std::optional<SignedManifest> Take(const ledger::ManifestEntry& entry,
                                     uint64_t index, absl::Time time,
                                     Findings& findings);

  const std::vector<AuditedBlock>& blocks() const { return blocks_; }
  // Null: the ledger never began it.
  const AuditedBlock* Find(absl::string_view block_id) const;

  // Members whose last change no manifest reflects, older than `before`.
  void CheckSigned(absl::Time before, Findings& findings) const;

 private:
  void CheckFacts(const AuditedBlock& held, const block::Manifest& manifest,
                  const ledger::ManifestEntry& entry, uint64_t index,
                  Findings& findings) const;
  void CheckChain(const AuditedBlock& held, const block::Manifest& manifest,
                  uint64_t index, Findings& findings) const;
  void CheckTimes(const AuditedBlock& held, const block::Manifest& manifest,
                  uint64_t index, absl::Time time, Findings& findings) const;
  // What the status tree's root has to be.
  merkle::Hash StatusRoot(uint32_t number, const block::Manifest& manifest);
  merkle::Hash LeafOf(const AuditedBlock& held, uint32_t place) const;

  const CertificateTable& certificates_;
  StatusTrees trees_;
  std::vector<AuditedBlock> blocks_;
  absl::flat_hash_map<std::string, uint32_t> by_id_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_BLOCK_BOOK_H_
