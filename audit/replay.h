// The ledger, read again from its first entry: what was issued, what became of
// it, what was signed about it, and every rule that the entries break.
//
//   Replay replay({});
//   Findings findings;
//   for (const std::string& entry : feed) replay.Take(AsBytes(entry),
//   findings); CheckSignatures(replay.TakeUnverified(), key_set, findings); if
//   (replay.Root() != stated) ...
#ifndef CHANCERY_AUDIT_REPLAY_H_
#define CHANCERY_AUDIT_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "audit/block_book.h"
#include "audit/certificate_table.h"
#include "audit/crl_book.h"
#include "audit/finding.h"
#include "audit/issuer_book.h"
#include "base/bytes.h"
#include "ledger/entry.h"
#include "merkle/tree.h"

namespace chancery::audit {

// A certificate of an entry, which somebody has to look at.
struct IssuedCertificate {
  std::string der;
  std::string issuer_id;
  std::string serial;
  absl::Time not_after;
  uint64_t index = 0;
};

// What costs a signature check, for as many threads as there are.
struct Unverified {
  std::vector<SignedManifest> manifests;
  std::vector<IssuedCertificate> certificates;
};

// Thread-compatible: readers may share it while nobody adds.
class Replay {
 public:
  struct Options {
    // Places of status trees that are kept: 64 bytes each.
    size_t tree_places = size_t{2} << 20;
  };

  explicit Replay(const Options& options)
      : blocks_(certificates_, options.tree_places), crls_(certificates_) {}
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // The entry after those before, as the feed has it. One that cannot be read
  // counts, and is a finding.
  void Take(base::Bytes entry, Findings& findings);

  // What came since the last call.
  Unverified TakeUnverified();

  uint64_t size() const { return frontier_.size(); }
  merkle::Hash Root() const { return frontier_.Root(); }
  // Has the root of the first `size` entries kept, if they are still to come.
  void Watch(uint64_t size) { watched_.try_emplace(size); }
  // Nullopt: it was not watched, or has not come.
  std::optional<merkle::Hash> RootAt(uint64_t size) const;
  absl::Time last_time() const { return last_time_; }

  const CertificateTable& certificates() const { return certificates_; }
  const BlockBook& blocks() const { return blocks_; }
  const CrlBook& crls() const { return crls_; }
  const IssuerBook& issuers() const { return issuers_; }

 private:
  void Apply(const ledger::CertificateEntry& made, const ledger::Entry& entry,
             Findings& findings);
  void Apply(const ledger::StatusEntry& change, const ledger::Entry& entry,
             Findings& findings);
  void Apply(const ledger::ManifestEntry& manifest, const ledger::Entry& entry,
             Findings& findings);
  void Apply(const ledger::CrlEntry& crl, const ledger::Entry& entry,
             Findings& findings);
  void Apply(const ledger::IssuerEntry& issuer, const ledger::Entry& entry,
             Findings& findings);
  // Of entries that change no certificate and sign nothing.
  template <typename Other>
  void Apply(const Other&, const ledger::Entry&, Findings&) {}

  CertificateTable certificates_;
  BlockBook blocks_;
  CrlBook crls_;
  IssuerBook issuers_;
  merkle::Frontier frontier_;
  absl::Time last_time_ = absl::InfinitePast();
  Unverified unverified_;
  std::map<uint64_t, std::optional<merkle::Hash>> watched_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_REPLAY_H_
