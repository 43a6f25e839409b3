// The model test of TRUST 12: one process, one clock, every component that
// holds state, and a network, disks and processes that fail as a seed says.
#ifndef CHANCERY_TESTS_MODEL_WORLD_H_
#define CHANCERY_TESTS_MODEL_WORLD_H_

#include <cstdint>
#include <functional>
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
#include "tests/model/trace.h"

namespace chancery::model {

// What all runs share, made once: a CA and requests, each for its own key,
// since a key whose certificate was revoked as compromised gets no other one.
struct Stage {
  signer::testing::TestPki pki;
  std::vector<std::string> csrs;  // More than a run makes requests.
  std::string folder;  // For inventories and CRLs; its files are replaced.
  std::shared_ptr<const void> removes_folder;
};

struct Violation {
  std::string what = {};
  std::string log = {};  // What the processes said, and what was done to them.
};

// Plays `seed` on `stage`: what happened, if something broke a rule. The same
// each time, whatever was played before, and by whichever process: `trace`, if
// it is not null, becomes what could be seen of it.
std::optional<Violation> Play(const Stage& stage, uint64_t seed,
                              Trace* trace = nullptr);

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
  Trace& trace() { return checker_.trace(); }
  std::string log() const { return lines_.str(); }

 private:
  // --- clients --------------------------------------------------------------
  void Issue();
  void Revoke();
  void Release();
  // A revocation that comes while the block of its certificate is signed.
  void RevokeDuringSigning();
  // Has it signed; `order` comes meanwhile.
  void SignBlockDuring(const std::string& block_id,
                       const std::function<void()>& order);
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
  void KeepCopies();

  // --- signers that come and go (succession.cc) -----------------------------
  SignerNode& signer() { return *signer_; }
  // Who else has the ledger, beside the signer.
  enum class Role {
    kClone,       // A copy of the signer's folder that was started.
    kStandby,     // It follows.
    kSuperseded,  // It was the signer, until another one was promoted.
  };
  // Any of what follows.
  void Succeed();
  void BackUpSigner();
  // The signer's folder is lost; an old copy takes its place.
  void RestoreSigner();
  void StartClone();
  void StartStandby();
  void Promote();
  void SupersededActs();
  void StopOther();
  SignerNode& AddOther(Role role, SignerNode::Options options);
  // What others hold is shown to it, and what it lacks comes back.
  void FeedSigner(RefresherNode& refresher);
  void FeedOther(RefresherNode& refresher);
  // The clone sees that the signer lives, as it does each minute.
  void ShowToClone();
  // Somebody asks the other one to sign something.
  struct Made {
    std::vector<block::Update> updates = {};
    std::optional<block::SignedHead> head = {};
  };
  Made AskOther();
  // Of what the other one made; to whom a head of the signer's epoch has come.
  void BringToResponders(const Made& made);
  bool FollowToEnd();
  bool InventoryIsEmpty();
  // The epoch of what is shown to signers: of the newest head or root.
  uint64_t ShownEpoch();
  void RestartSigner();
  void TickSigners();
  RefresherNode& RunningRefresher();

  // What the inventory has got of the ledger, for the checker.
  void LookAtFeed();
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
  std::unique_ptr<SignerNode> signer_;
  // Null: there is none.
  std::unique_ptr<SignerNode> other_;
  Role role_ = Role::kClone;
  SignerAddress address_;  // Where everybody looks for the signer.
  SignerAddress other_address_;
  std::optional<LedgerCopy> backup_;  // Of the signer.
  absl::Time clone_shown_ = absl::InfinitePast();
  uint64_t epoch_ = 1;  // Of the signer.
  uint64_t seen_of_feed_ = 0;

  std::string database_;  // Path of the present inventory.
  std::unique_ptr<storage::Inventory> sqlite_;
  std::unique_ptr<storage::testing::FailingInventory> inventory_;

  std::vector<std::unique_ptr<ResponderNode>> responders_;
  std::vector<std::unique_ptr<RefresherNode>> refreshers_;
  AuthoritySignerLink authority_signer_;
  // Whoever talks with the other one is near it.
  Network near_;
  RefresherSignerLink other_link_;
  AuthoritySignerLink other_authority_;
  CatchUpLink other_catch_up_;
  PublisherLink publisher_;
  std::unique_ptr<authority::IssuerDirectory> directory_;
  std::unique_ptr<authority::CertificateAuthority> authority_;

  int requests_ = 0;
  // Unanswered: may be repeated. Their numbers.
  std::vector<size_t> open_requests_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_WORLD_H_
