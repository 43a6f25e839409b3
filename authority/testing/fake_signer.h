// A signer in memory, as an authority sees it.
#ifndef CHANCERY_AUTHORITY_TESTING_FAKE_SIGNER_H_
#define CHANCERY_AUTHORITY_TESTING_FAKE_SIGNER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "authority/signer_client.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "crypto/software_key.h"

namespace chancery::authority::testing {

// Remembers each client's request ids, makes real certificates and refuses what
// the real one refuses. All certificates are valid for 90 days; serials are
// 01, 02, ... in each issuer, so that two issuers have the same ones.
// Thread-safe.
class FakeSigner final : public SignerClient {
 public:
  // `clock` must outlive it.
  explicit FakeSigner(const base::Clock& clock) : clock_(clock) {}

  // A self-signed CA with a key of its own.
  storage::IssuerRow AddIssuer(const std::string& name,
                               const std::vector<std::string>& profiles);

  // The next call ends with `error`, which is not OK: before anything was done,
  // or after, as when an answer is lost.
  void FailNext(absl::Status error, bool after);

  // How many certificates there are.
  size_t issued() const;
  // The last request to Issue.
  SignerIssue last_issue() const;

  // As a batch of one.
  absl::StatusOr<SignerIssued> Issue(const SignerIssue& request);
  absl::StatusOr<SignerIssuedBatch> IssueBatch(
      const std::vector<SignerIssue>& requests) override;
  absl::StatusOr<SignerStatus> Revoke(const SignerRevoke& request) override;
  absl::StatusOr<SignerStatus> Release(const SignerRelease& request) override;
  absl::StatusOr<std::vector<storage::IssuerRow>> ListIssuers() override;

 private:
  struct Issuer {
    storage::IssuerRow row;
    std::string subject;
    std::unique_ptr<crypto::SoftwareKey> key;
    uint8_t last_serial = 0;
  };
  using CertificateKey = std::pair<std::string, std::string>;
  // What a request id stands for, and the certificate that it is about.
  struct Request {
    std::string content;
    CertificateKey certificate;
  };

  // The error that the next call is to end with, once.
  absl::Status TakeFailure(bool after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Issuer*> Named(const std::string& name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The same request, if this client sent it before; AlreadyExists if it sent
  // another one.
  absl::StatusOr<const Request*> Repeated(const std::string& requester,
                                          const std::string& request_id,
                                          const std::string& content)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<SignerIssued> DoIssue(const SignerIssue& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<SignerStatus> Change(const SignerRelease& request,
                                      const storage::StatusRow& wanted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A delta to the present state.
  std::vector<block::Update> NextUpdate() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const base::Clock& clock_;
  mutable base::Mutex mu_;
  std::map<std::string, Issuer> issuers_ ABSL_GUARDED_BY(mu_);
  std::map<CertificateKey, SignerIssued> certificates_ ABSL_GUARDED_BY(mu_);
  std::map<CertificateKey, storage::StatusRow> statuses_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, Request> requests_
      ABSL_GUARDED_BY(mu_);
  SignerIssue last_issue_ ABSL_GUARDED_BY(mu_);
  uint64_t ledger_size_ ABSL_GUARDED_BY(mu_) = 1;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  bool after_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_FAKE_SIGNER_H_
