#ifndef CHANCERY_REFRESHER_TESTING_FAKE_RESPONDER_H_
#define CHANCERY_REFRESHER_TESTING_FAKE_RESPONDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "block/block.h"
#include "refresher/responder_client.h"

namespace chancery::refresher::testing {

// A responder in memory, which applies real blocks and deltas: a delta only on
// exactly its base, and only what its manifest commits to. Thread-safe.
class FakeResponder final : public ResponderClient {
 public:
  // What happens to it. `method` is a method's name, "" all; OK heals.
  void Fail(const std::string& method, absl::Status status);
  void SetReachable(bool reachable);
  void ForgetEverything();
  void RefuseBlock(const std::string& block_id);
  void AcceptBlock(const std::string& block_id);
  void RefuseCrls(bool refuse);
  // Calls of Apply that have begun, or begin while it is held, wait.
  void HoldApply();
  void LetApplyGo();
  // Called, without a lock, before GetVersions answers.
  void BeforeVersions(std::function<void()> call);
  // Called, without a lock, before each part of a CRL, and after the last.
  void BeforeCrlPart(std::function<void()> call);
  void AfterCrlParts(std::function<void()> call);

  // What it has.
  uint64_t Version(const std::string& block_id) const;  // 0: none.
  std::string Content(const std::string& block_id) const;
  std::map<storage::CrlScope, uint64_t> crls() const;
  size_t blocks() const;

  // What it was asked.
  int calls(const std::string& method) const;
  size_t largest_batch() const;            // Bytes of content in one Apply.
  std::vector<block::Head> heads() const;  // That were put, in order.
  std::vector<bool> deltas() const;        // Of each update that was applied.

  // Returns when `true_now`, which may ask anything above, is; it is looked at
  // after each call that this responder gets. False after a minute.
  bool Await(const std::function<bool()>& true_now) const;

  absl::StatusOr<HeldVersions> GetVersions() override;
  absl::StatusOr<std::vector<ApplyResult>> Apply(
      const std::vector<block::Update>& updates) override;
  absl::StatusOr<uint64_t> PutCrl(const storage::CrlRow& crl,
                                  storage::CrlPieces pieces) override;
  absl::StatusOr<HeadStanding> PutHead(const block::SignedHead& head) override;
  absl::StatusOr<ResponderStatus> GetStatus() override;

 private:
  // Counts the call; fails if it is to.
  absl::Status Begin(const std::string& method)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  ApplyResult ApplyOne(const block::Update& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Take(const block::Update& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable base::Mutex mu_;
  mutable base::CondVar changed_;
  uint64_t events_ ABSL_GUARDED_BY(mu_) = 0;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  bool refuse_crls_ ABSL_GUARDED_BY(mu_) = false;
  HeadStanding standing_ ABSL_GUARDED_BY(mu_);
  std::function<void()> before_versions_ ABSL_GUARDED_BY(mu_);
  std::function<void()> before_crl_part_ ABSL_GUARDED_BY(mu_) = [] {};
  std::function<void()> after_crl_parts_ ABSL_GUARDED_BY(mu_) = [] {};
  std::map<std::string, std::unique_ptr<block::Block>> blocks_
      ABSL_GUARDED_BY(mu_);
  block::TemplateMap templates_ ABSL_GUARDED_BY(mu_);
  std::map<storage::CrlScope, uint64_t> crls_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, absl::Status> failures_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> refused_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mu_);
  size_t largest_batch_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<block::Head> heads_ ABSL_GUARDED_BY(mu_);
  std::vector<bool> deltas_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_FAKE_RESPONDER_H_
