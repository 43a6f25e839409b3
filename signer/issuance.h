#ifndef CHANCERY_SIGNER_ISSUANCE_H_
#define CHANCERY_SIGNER_ISSUANCE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "crypto/public_key.h"
#include "crypto/repeated_verifier.h"
#include "signer/block_signer.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "signer/signing_threads.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Makes certificates: CSR and profile in, certificate and first OCSP record
// out, both in the ledger before either leaves (TRUST 2.1, 2.3, 8).
// Thread-safe.
class Issuance {
 public:
  // More requests are more than one delta may carry (TRUST 4).
  static constexpr size_t kMaxBatch = 256;

  // All must outlive this object. `threads` make the certificates of a batch;
  // null: its caller's does.
  Issuance(Ledger& ledger, const IssuerTable& issuers, BlockSigner& blocks,
           const base::Clock& clock, base::Random& random,
           SigningThreads* threads = nullptr);

  // The same (requester, request id) gets the same certificate again.
  // InvalidArgument: the CSR, its key or a name breaks a rule, or what was made
  //   of them a lint of the profile, which it names. NotFound: no such
  //   issuer or profile. AlreadyExists: the request id was used for another
  //   request. Unavailable: token or ledger; retry with the same id.
  absl::StatusOr<Issued> Issue(const IssueRequest& request);

  // Each as by Issue, and none because of another's error; but with one write
  // of the ledger and one manifest for each block. At most kMaxBatch requests.
  IssuedBatch IssueBatch(absl::Span<const IssueRequest> requests);

 private:
  struct Order;
  // What all certificates of an issuer have in common.
  struct Frame {
    x509::Certificate ca;
    std::string rehearsal_signature;
    // Of its own signatures.
    std::unique_ptr<const crypto::RepeatedVerifier> verifier;
  };

  // The ledger before it is written, one for all of a batch.
  struct Reading {
    std::unique_ptr<const LedgerView> view;
    uint64_t epoch;
  };
  absl::StatusOr<Reading> Read() const;
  // What is asked for, with the key's proof not verified yet.
  absl::StatusOr<Order> Understand(const IssueRequest& request,
                                   const absl::StatusOr<Reading>& reading);
  // Whoever asks has the key.
  static void CheckProofs(absl::Span<absl::StatusOr<Order>> orders);
  absl::Status Prepare(const IssueRequest& request, const Reading& reading,
                       Order& order);
  // What a CA's key has signed, and the signature; not verified yet.
  struct Signed {
    std::string tbs;
    std::string signature;
  };
  // `key`: what is certified.
  absl::StatusOr<Signed> Sign(const Issuer& issuer,
                              const policy::Profile& profile,
                              const crypto::PublicKey& key,
                              const x509::CertificateFacts& facts) const;
  // Makes certificates of what was signed for these, if it verifies.
  void Verify(absl::Span<absl::StatusOr<Order>> orders) const;
  // What was answered to this request before, if anything; without updates.
  static absl::StatusOr<std::optional<Issued>> Repeated(
      const State& state, const Issuer& issuer, const ledger::Origin& origin);
  // Several at once, which costs less; in one thread.
  void PrepareSome(absl::Span<const IssueRequest> requests,
                   const absl::StatusOr<Reading>& reading,
                   absl::Span<absl::StatusOr<Order>> orders);
  std::vector<absl::StatusOr<Order>> PrepareAll(
      absl::Span<const IssueRequest> requests);
  // The commit point: what is an order then is in the ledger.
  void Record(std::vector<absl::StatusOr<Order>>& orders);
  static absl::Status RecordOne(Transaction& transaction,
                                absl::StatusOr<Order>& prepared);
  // Has the blocks signed, and answers.
  IssuedBatch Answer(std::vector<absl::StatusOr<Order>> orders);

  void AddRepeated(IssuedBatch& batch);

  // Waits until there is room for as many certificates whose first record is
  // not signed: a block with more of them would be signed whole.
  void Admit(size_t certificates);
  void Leave(size_t certificates);

  Ledger& ledger_;
  const IssuerTable& issuers_;
  BlockSigner& blocks_;
  const base::Clock& clock_;
  base::Random& random_;
  SigningThreads none_{0};
  SigningThreads& threads_;
  // Of 150 KiB each: for as many issuers as issue much at a time.
  crypto::TableBudget tables_{64};
  std::map<std::string, absl::StatusOr<Frame>> frames_;  // By issuer's name.

  base::Mutex mu_;
  base::CondVar changed_;
  size_t unsigned_ ABSL_GUARDED_BY(mu_) = 0;
  // Who comes first is let in first.
  uint64_t turn_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_turn_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUANCE_H_
