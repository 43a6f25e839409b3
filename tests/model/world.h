// The model test of TRUST 12: one process, one clock, every component that
// holds state, and a network, disks and processes that fail as a seed says.
#ifndef CHANCERY_TESTS_MODEL_WORLD_H_
#define CHANCERY_TESTS_MODEL_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "authority/certificate_authority.h"
#include "authority/issuer_directory.h"
#include "authority/publisher.h"
#include "base/testing/fake_clock.h"
#include "rpc/log.h"
#include "signer/testing/test_pki.h"
#include "storage/inventory.h"
#include "storage/testing/failing_inventory.h"
#include "tests/model/checker.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"
#include "tests/model/refresher_node.h"
#include "tests/model/responder_node.h"
#include "tests/model/signer_node.h"

namespace chancery::model {

// What all runs share, made once: a CA and requests, each for its own key,
// since a key whose certificate was revoked as compromised gets no other one.
struct Stage {
  signer::testing::TestPki pki;
  std::vector<std::string> csrs;  // More than a run makes requests.
  std::string folder;  // For inventories and CRLs; its files are replaced.
};

struct Violation {
  std::string what = {};
  std::string log = {};  // What the processes said, and what was done to them.
};

// Plays `seed` on `stage`: what happened, if something broke a rule.
std::optional<Violation> Play(const Stage& stage, uint64_t seed);

// A CA whose responses, CRLs and certificates live hours, not months, so that
// a run sees all of them expire.
Stage MakeStage();

// One run. Not thread-safe.
class World {
 public:
  World(const Stage& stage, uint64_t seed);

  void Step();
  // Everything heals; then all must agree.
  void Settle();

  const std::string& violation() const { return checker_.violation(); }
  std::string log() const { return lines_.str(); }

 private:
  // --- clients --------------------------------------------------------------
  void Issue();
  void Revoke();
  void Release();
  // A revocation that comes while the block of its certificate is signed.
  void RevokeDuringSigning();
  // --- the refreshers' loops ------------------------------------------------
  void Follow();
  void Refresh();
  void Crls();
  void Converge();
  void Head();
  // --- faults ---------------------------------------------------------------
  void KillSomething();
  // A refresher that was taken over, or taken back.
  void StealRefresher();
  void FailSignerDisk();
  void FailInventory();
  void RestoreInventory();
  void KeepCopyOfInventory();

  void Advance();
  void LookAround();
  void StartAll();

  void OpenInventory();
  void CheckAcknowledged(const std::string& serial, uint32_t acknowledged,
                         Answer::Kind kind);
  void CheckLedger();
  std::string AnySerial();
  RefresherNode& AnyRefresher();
  void SettleOnce();
  void CheckAgreement();
  void CheckCertificate(const std::string& serial,
                        const std::set<std::string>& on_crl);

  // The refresher, as an authority reaches it.
  class PublisherLink final : public authority::Publisher {
   public:
    explicit PublisherLink(World& world) : world_(world) {}
    absl::StatusOr<authority::Acknowledged> Publish(
        const std::vector<block::Update>& updates,
        absl::Duration wait) override;

   private:
    World& world_;
  };

  const Stage& stage_;
  Dice dice_;
  base::testing::FakeClock clock_;
  // When the last round of Settle began.
  absl::Time settled_from_ = absl::InfinitePast();
  std::ostringstream lines_;
  rpc::Log log_;
  Network network_;
  Checker checker_;
  SignerNode signer_;

  std::string database_;  // Path of the present inventory.
  std::unique_ptr<storage::Inventory> sqlite_;
  std::unique_ptr<storage::testing::FailingInventory> inventory_;

  std::vector<std::unique_ptr<ResponderNode>> responders_;
  std::vector<std::unique_ptr<RefresherNode>> refreshers_;
  AuthoritySignerLink authority_signer_;
  PublisherLink publisher_;
  std::unique_ptr<authority::IssuerDirectory> directory_;
  std::unique_ptr<authority::CertificateAuthority> authority_;

  int requests_ = 0;
  // Unanswered: may be repeated. Their numbers.
  std::vector<size_t> open_requests_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_WORLD_H_
