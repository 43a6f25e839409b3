#ifndef CHANCERY_AUTHORITY_TESTING_AUTHORITY_FIXTURE_H_
#define CHANCERY_AUTHORITY_TESTING_AUTHORITY_FIXTURE_H_

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "authority/certificate_authority.h"
#include "authority/issuer_directory.h"
#include "authority/testing/fake_publisher.h"
#include "authority/testing/fake_signer.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "rpc/log.h"
#include "storage/testing/failing_inventory.h"

namespace chancery::authority::testing {

inline constexpr char kClient[] = "spiffe://test/client/one";

// A CertificateAuthority with an inventory in SQLite that can be away, a signer
// with the issuers "issuing" and "other", and a publisher.
class AuthorityFixture : public ::testing::Test {
 protected:
  AuthorityFixture();

  // For "www.example.com", by kClient.
  IssueOrder Order(const std::string& request_id) const;
  RevokeOrder Revocation(const std::string& request_id,
                         const std::string& serial, int reason) const;
  ReleaseOrder Releasing(const std::string& request_id,
                         const std::string& serial) const;
  // The serial of a new certificate.
  std::string IssueOne(const std::string& request_id);
  // All rows of the inventory.
  std::vector<storage::CertificateRow> Rows();
  // From now on nothing that is Unavailable is tried again.
  void LosePatience() { patient_ = false; }

  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  FakeSigner signer_{clock_};
  const storage::IssuerRow issuing_ = signer_.AddIssuer("issuing", {"server"});
  const storage::IssuerRow other_ = signer_.AddIssuer("other", {"server"});
  const std::unique_ptr<storage::Inventory> real_inventory_;
  storage::testing::FailingInventory inventory_{*real_inventory_};
  IssuerDirectory issuers_{signer_, *real_inventory_};
  FakePublisher publisher_;
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  CertificateAuthority::Parts parts_{.signer = signer_,
                                     .certificates = inventory_,
                                     .issuers = issuers_,
                                     .publisher = &publisher_,
                                     .clock = clock_,
                                     .random = base::SystemRandom(),
                                     .log = log_};
  // Waiting moves the clock.
  CertificateAuthority::Options options_{
      .publish_wait = absl::Milliseconds(700),
      .inventory_patience = absl::Seconds(2),
      .sleep = [this](absl::Duration wait) {
        clock_.Advance(wait);
        return patient_;
      }};
  CertificateAuthority authority_{parts_, options_};

 private:
  bool patient_ = true;
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_AUTHORITY_FIXTURE_H_
