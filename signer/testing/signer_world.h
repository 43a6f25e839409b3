#ifndef CHANCERY_SIGNER_TESTING_SIGNER_WORLD_H_
#define CHANCERY_SIGNER_TESTING_SIGNER_WORLD_H_

#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/testing/fake_clock.h"
#include "signer/requests.h"
#include "signer/testing/block_reader.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer::testing {

// A CA, its signer that runs, and who looks at what it gives out.
//
//   SignerWorld world;
//   const auto issued = world.Issue("order 1");
//   world.PowerCut();
struct SignerWorld {
  explicit SignerWorld(const TestPki::Options& options = {});

  absl::Time now() const { return clock.Now(); }

  // From issuer "issuing" and profile "server", for CsrOf(request_id) unless
  // given. Updates go to `reader` too.
  absl::StatusOr<Issued> Issue(const std::string& request_id,
                               const std::string& csr = "");
  absl::StatusOr<Revoked> Revoke(const std::string& request_id,
                                 const std::string& serial, int reason = 0,
                                 std::optional<absl::Time> date = {});
  absl::StatusOr<Revoked> Release(const std::string& request_id,
                                  const std::string& serial);
  absl::StatusOr<WholeCrl> SignCrl(
      uint32_t shard = 0, ledger::CrlKind kind = ledger::CrlKind::kFull);
  // Signs the block of the certificate again; `reader` takes it.
  absl::StatusOr<BlockUpdates> SignBlockOf(const std::string& serial);

  // What the reader would answer about it, as OpenSSL understands it.
  OpenSslOracle::Ocsp Answer(const std::string& serial) const;
  CertificateState State(const std::string& serial);

  // The process dies and what was not synced is lost; then it starts again.
  absl::Status PowerCut();

  // For test.example.com: one that OpenSSL made, the same for all tests; and
  // one for each request id, since a key that was revoked as compromised gets
  // no other certificate. Thread-safe.
  static const std::string& Csr();
  std::string CsrOf(const std::string& request_id);
  static Asker Ask(const std::string& request_id);

  TestPki pki;
  base::testing::FakeClock clock;
  FakeDisk disk;
  TestSigner signer;
  BlockReader reader;
  OpenSslOracle openssl;

 private:
  base::Mutex mu_;
  std::map<std::string, std::string> csrs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_SIGNER_WORLD_H_
