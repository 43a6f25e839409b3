// What clients ask of the CA, as the online half can answer it: the signer
// decides and signs, the inventory remembers, the refresher publishes.
#ifndef CHANCERY_AUTHORITY_CERTIFICATE_AUTHORITY_H_
#define CHANCERY_AUTHORITY_CERTIFICATE_AUTHORITY_H_

#include <cstddef>
#include <future>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "authority/issuer_directory.h"
#include "authority/orders.h"
#include "authority/publisher.h"
#include "authority/signer_client.h"
#include "base/clock.h"
#include "base/random.h"
#include "rpc/log.h"
#include "rpc/retry.h"
#include "storage/inventory.h"

namespace chancery::authority {

struct RevokeOrder {
  std::string request_id = {};
  std::string requester = {};
  std::string issuer = {};
  std::string serial = {};
  int reason = 0;
  absl::Time revoked_at = absl::UnixEpoch();  // The epoch: now.
};

struct ReleaseOrder {
  std::string request_id = {};
  std::string requester = {};
  std::string issuer = {};
  std::string serial = {};
};

struct StatusChanged {
  // As the inventory has it. Only issuer, serial and status if it does not have
  // the certificate yet; following the ledger brings it.
  storage::CertificateRow certificate = {};
  Acknowledged acknowledged = {};
};

// Every order is repeatable with its request id: after Unavailable, and after a
// crash at any point, the same order leads to the same certificate and status.
// Nothing is promised that is not in the signer's ledger. Thread-safe.
class CertificateAuthority {
 public:
  struct Parts {
    SignerClient& signer;
    storage::CertificateStore& certificates;
    const IssuerDirectory& issuers;
    // Null: updates reach the responders by the refresher's own round.
    Publisher* publisher = nullptr;
    const base::Clock& clock;
    base::Random& random;
    const rpc::Log& log;
  };
  struct Options {
    // How long an answer waits for the responders (TRUST 8).
    absl::Duration publish_wait = absl::Seconds(1);
    // How long a database that does not answer is tried again.
    absl::Duration inventory_patience = absl::Seconds(2);
    // Whether the responders hear of a new certificate while its row is written
    // (std::launch::async), or after that, in the same thread (deferred).
    std::launch publication = std::launch::async;
    // How to wait in between.
    rpc::Sleeper sleep = {};
  };

  // All parts must outlive this object.
  CertificateAuthority(const Parts& parts, Options options);

  // InvalidArgument: a field breaks a rule; the message says which. NotFound:
  // issuer or profile. AlreadyExists: the request id was used for another
  // request. Unavailable: signer or inventory; repeat the order.
  absl::StatusOr<Issued> Issue(const IssueOrder& order);

  // Each as by Issue, and none because of another's error, by one call of the
  // signer, one statement of the inventory and one publication. At most
  // kMaxBatch orders.
  static constexpr size_t kMaxBatch = 256;
  std::vector<absl::StatusOr<Issued>> IssueBatch(
      absl::Span<const IssueOrder> orders);

  // As above; NotFound: no such certificate. FailedPrecondition: its status
  // may not change so.
  absl::StatusOr<StatusChanged> Revoke(const RevokeOrder& order);
  absl::StatusOr<StatusChanged> Release(const ReleaseOrder& order);

  // `issuer` may be empty if only one issuer has this serial;
  // FailedPrecondition if several have. NotFound.
  absl::StatusOr<storage::CertificateRow> Get(const std::string& issuer,
                                              const std::string& serial);

  // What this client was given for this request id, by whichever authority of
  // the inventory. NotFound.
  absl::StatusOr<storage::CertificateRow> GetByRequest(
      const std::string& requester, const std::string& request_id);

  // As in storage::CertificateStore.
  absl::StatusOr<storage::CertificatePage> List(
      const storage::CertificateFilter& filter, const std::string& page_token,
      size_t limit);

 private:
  // Why somebody is Unavailable names hosts and files: that is for our log. The
  // client hears who it is.
  absl::Status Answered(const char* who, absl::Status status);
  template <typename T>
  absl::StatusOr<T> Answered(const char* who, absl::StatusOr<T> result);

  absl::Status WriteInventory(absl::FunctionRef<absl::Status()> write);
  // Has the signer carry out those of `orders` whose answer is not an error
  // yet; returns what is to be published.
  std::vector<block::Update> AskSigner(
      absl::Span<const IssueOrder> orders,
      std::vector<absl::StatusOr<Issued>>& answers,
      std::vector<bool>& repeated);
  // The rows of all that were issued.
  void KeepRows(std::vector<absl::StatusOr<Issued>>& answers);
  Acknowledged Publish(const std::vector<block::Update>& updates);
  absl::StatusOr<StatusChanged> Record(const SignerStatus& changed);

  const Parts parts_;
  const Options options_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_CERTIFICATE_AUTHORITY_H_
