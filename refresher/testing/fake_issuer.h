#ifndef CHANCERY_REFRESHER_TESTING_FAKE_ISSUER_H_
#define CHANCERY_REFRESHER_TESTING_FAKE_ISSUER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "block/block.h"
#include "block/draft.h"
#include "crypto/software_key.h"
#include "refresher/signer_client.h"

namespace chancery::refresher::testing {

// As times in certificates and responses are.
absl::Time WholeSeconds(absl::Time time);

// Signs real certificates, and blocks of what is said of them. Immutable;
// thread-safe.
class FakeIssuer {
 public:
  static constexpr uint32_t kCapacity = 16;  // Of a block.

  struct Member {
    std::string serial;
    std::string der;
    absl::Time not_after;
    bool revoked = false;
    int reason = 0;
    absl::Time revoked_at;
  };

  // `clock` must outlive it.
  explicit FakeIssuer(const base::Clock& clock);

  const ListedIssuer& listed() const { return listed_; }
  const crypto::SigningKey& manifest_key() const { return *manifest_key_; }
  // Of all its blocks, encoded.
  std::vector<std::string> templates() const;

  // For 90 days from now, for "host<number>.test".
  Member Certify(uint64_t number) const;

  // The block's next version, of so much of the ledger; `before` is null the
  // first time.
  block::Block SignWhole(const std::string& block_id,
                         const block::Block* before,
                         const std::vector<Member>& members,
                         uint64_t ledger_size) const;
  block::SignedDelta SignDelta(const std::string& block_id,
                               const block::Block& before,
                               const std::vector<Member>& members,
                               const std::set<uint32_t>& changed,
                               uint64_t ledger_size) const;

 private:
  block::Record SignRecord(const Member& member) const;
  block::Manifest NextFacts(const std::string& block_id,
                            const block::Block* before,
                            uint64_t ledger_size) const;

  const base::Clock& clock_;
  const std::unique_ptr<crypto::SoftwareKey> key_;
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_;
  const std::string subject_;
  ListedIssuer listed_;
  block::Templates templates_;
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_FAKE_ISSUER_H_
