#ifndef CHANCERY_TESTS_MODEL_CHECKER_H_
#define CHANCERY_TESTS_MODEL_CHECKER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "block/head.h"
#include "block/update.h"
#include "merkle/tree.h"
#include "signer/ledger/certificate_state.h"
#include "signer/requests.h"
#include "tests/model/trace.h"

namespace chancery::model {

using signer::CertificateStatus;

// What a responder says of a serial.
struct Answer {
  enum class Kind { kNone, kGood, kRevoked };
  Kind kind = Kind::kNone;  // kNone: unknown, or nothing that is current.
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();
  absl::Time this_update = absl::UnixEpoch();
  absl::Time next_update = absl::UnixEpoch();
  std::string der = {};
};

// Knows everything that was acknowledged to anybody, and says what contradicts
// it. The first contradiction is kept. Not thread-safe.
class Checker {
 public:
  struct Certificate {
    std::string der = {};
    absl::Time not_after = {};
    // The last status that was acknowledged, and when.
    CertificateStatus status = CertificateStatus::kGood;
    int reason = 0;
    absl::Time status_at = {};
    // Asked for at any time, answered or not.
    std::set<int> reasons_asked = {};
    bool release_asked = false;
    // An order since the last acknowledged one may have taken effect.
    bool uncertain = false;
  };

  // `ocsp_signer_not_after`: no response may live longer.
  explicit Checker(absl::Time ocsp_signer_not_after)
      : signer_end_(ocsp_signer_not_after) {}

  // --- what clients did -----------------------------------------------------
  void Issued(const std::string& request_id, const std::string& serial,
              const std::string& der, absl::Time not_after, absl::Time now);
  void StatusAsked(const std::string& serial, std::optional<int> reason);
  void StatusAnswered(const std::string& serial, CertificateStatus status,
                      int reason, absl::Time now);

  // --- what was seen --------------------------------------------------------
  // The signer's state: it must have all that was acknowledged.
  void SeeLedger(const std::string& serial,
                 const absl::StatusOr<signer::CertificateState>& state);
  // Anything signed that leaves the signer.
  void SeeUpdate(const block::Update& update);
  void SeeCrl(const std::string& der, absl::Time now);
  // A responder's answer, which it would give to anybody now.
  void SeeAnswer(int responder, const std::string& serial, const Answer& answer,
                 absl::Time now);
  // What it says of itself beside an answer.
  struct Standing {
    int responder = 0;
    absl::Time met = absl::InfinitePast();  // Its newest head's time.
    bool ready = false;
    bool may_answer = false;
  };
  void SeeStanding(const Standing& standing, const std::string& serial,
                   const Answer& answer, absl::Time now);
  // Its store is empty; what it said before does not bind it.
  void Wiped(int responder);

  // --- one ledger (TRUST 3)
  // --------------------------------------------------- The inventory's copy of
  // the ledger has these entries, from `from` on. It may have had others before
  // only where a restored one lost them.
  void SeeFollowed(uint64_t from, const std::vector<std::string>& entries);
  // So many have ever been there.
  uint64_t followed() const { return leaves_.size(); }
  // A responder took what it did not have.
  void SeeTaken(int responder, const block::SignedHead& head);
  void SeeTaken(int responder, const block::Update& update);
  // The epoch of the newest head that it took; 0: none.
  uint64_t EpochAt(int responder) const;

  void Fail(const std::string& what);
  // All that was done and seen is in it.
  Trace& trace() { return trace_; }
  const std::string& violation() const { return violation_; }
  const std::map<std::string, Certificate>& certificates() const {
    return certificates_;
  }

 private:
  void SeeEntry(uint64_t index, const std::string& encoded);
  void CheckHeads();
  void CheckOrder(const Answer& before, const Answer& now,
                  const std::string& name);

  const absl::Time signer_end_;
  std::map<std::string, Certificate> certificates_;  // By serial.
  std::map<std::string, std::string> requests_;      // Id -> serial.
  std::map<std::pair<std::string, uint64_t>, std::string> manifests_;
  uint64_t crl_number_ = 0;
  std::string crl_der_;
  std::map<std::pair<int, std::string>, Answer> answers_;
  Trace trace_;

  // Of each entry, by its index, what the inventory had first.
  std::vector<merkle::Hash> leaves_;
  merkle::Frontier frontier_;
  std::vector<merkle::Hash> roots_ = {merkle::EmptyRoot()};  // By size.
  std::map<std::string, uint64_t> serials_;  // In the ledger -> its entry.
  uint64_t epoch_ = 1;                       // After all entries.
  struct Taken {
    block::Head head = {};
    block::Index index = {};
  };
  std::map<int, Taken> newest_;  // By responder.
  // Heads whose entries the inventory may have got just now.
  std::vector<std::pair<int, block::Head>> unchecked_;
  std::string violation_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_CHECKER_H_
