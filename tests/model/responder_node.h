#ifndef CHANCERY_TESTS_MODEL_RESPONDER_NODE_H_
#define CHANCERY_TESTS_MODEL_RESPONDER_NODE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/testing/fake_clock.h"
#include "block/key_set.h"
#include "refresher/responder_client.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/crl_folder.h"
#include "responder/cache/head_keeper.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/testing/memory_cache_store.h"
#include "responder/cache/update_verifier.h"
#include "responder/cache/verified_replica.h"
#include "responder/gated_source.h"
#include "rpc/log.h"
#include "signer/testing/test_pki.h"
#include "tests/model/checker.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"
#include "x509/ocsp/request.h"

namespace chancery::model {

// A responder as a process, with a store that outlives it. Not thread-safe.
class ResponderNode {
 public:
  struct Options {
    int number = 0;
    std::string folder = {};  // For CRLs; what it holds is removed.
  };

  // All must outlive this object. It runs.
  ResponderNode(Options options, const signer::testing::TestPki& pki,
                const base::testing::FakeClock& clock, const rpc::Log& log,
                Dice& dice, Checker& checker);

  void Kill() { parts_.reset(); }
  void Start();
  void Wipe();
  bool running() const { return parts_ != nullptr; }
  int number() const { return number_; }

  // What it answers now to a request with this CertID hash; or what it holds,
  // even if that has expired.
  Answer Ask(const std::string& serial, x509::CertIdHash hash) const;
  Answer Held(const std::string& serial, x509::CertIdHash hash) const {
    return Find(parts_->blocks, serial, hash);
  }
  // Asks with both, compares them, and tells the checker.
  Answer Look(const std::string& serial);

  responder::VerifiedReplica& replica() { return parts_->replica; }
  // What somebody brings; the checker learns of what is taken.
  responder::BlockOutcome Apply(const block::Update& update);
  absl::StatusOr<responder::HeadStatus> PutHead(const block::SignedHead& head);
  responder::BlockCache& blocks() { return parts_->blocks; }
  // The CRL that it serves; empty if it has none that is current.
  std::string Crl() const;

  // Whoever pushes keeps back what is about every other block, and says that it
  // was taken.
  void Withhold(bool withhold) { withhold_ = withhold; }
  bool withholds() const { return withhold_; }
  bool Withholds(const block::Update& update) const {
    return withhold_ && (update.block_id.back() & 1) != 0;
  }

  // Messages that are still on their way.
  void Delay(const block::Update& update) { late_.push_back(update); }
  void Delay(const block::SignedHead& head) { late_heads_.push_back(head); }
  // Hands in one of those, any; or all, the oldest last.
  void DeliverLate();
  void DeliverAllLate();

 private:
  uint64_t VersionOf(const std::string& block_id) const;
  Answer Find(const responder::OcspSource& source, const std::string& serial,
              x509::CertIdHash hash) const;

  struct Parts {
    Parts(const responder::PinnedIssuers& issuers,
          const responder::UpdateVerifier& verifier,
          const responder::KeyRing& keys, responder::CacheStore& store,
          const responder::CrlFolder& crl_folder, const base::Clock& clock,
          const rpc::Log& log)
        : blocks({issuers, verifier, store, clock, log}),
          crls(issuers, crl_folder, clock, log),
          heads(keys, store, clock, log, [this] { return blocks.Versions(); },
                {}),
          source(blocks, heads),
          replica(blocks, crls, heads) {
      blocks.SetAdmission([this](const block::Manifest& manifest) {
        return heads.CheckEpoch(manifest);
      });
    }
    responder::BlockCache blocks;
    responder::CrlCache crls;
    responder::HeadKeeper heads;
    responder::GatedSource source;
    responder::VerifiedReplica replica;
  };

  const int number_;
  const signer::testing::TestPki& pki_;
  const base::testing::FakeClock& clock_;
  const rpc::Log& log_;
  Dice& dice_;
  Checker& checker_;
  // Of its own: blocks are read again by several threads.
  Dice samples_;
  const responder::KeyRing keys_;
  const responder::PinnedIssuers issuers_;
  const responder::UpdateVerifier verifier_;
  responder::testing::MemoryCacheStore store_;
  const responder::CrlFolder crl_folder_;
  std::unique_ptr<Parts> parts_;
  std::vector<block::Update> late_;
  std::vector<block::SignedHead> late_heads_;
  bool withhold_ = false;
};

// A responder, as a refresher reaches it: messages may be lost, repeated, or
// come late and so out of order.
class ResponderLink final : public refresher::ResponderClient {
 public:
  ResponderLink(ResponderNode& responder, Network& network, Dice& dice)
      : responder_(responder), network_(network), dice_(dice) {}

  absl::StatusOr<refresher::HeldVersions> GetVersions() override;
  absl::StatusOr<std::vector<refresher::ApplyResult>> Apply(
      const std::vector<block::Update>& updates) override;
  absl::StatusOr<uint64_t> PutCrl(const storage::CrlRow& crl,
                                  storage::CrlPieces pieces) override;
  absl::StatusOr<refresher::HeadStanding> PutHead(
      const block::SignedHead& head) override;
  absl::StatusOr<refresher::ResponderStatus> GetStatus() override;

 private:
  ResponderNode& responder_;
  Network& network_;
  Dice& dice_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_RESPONDER_NODE_H_
