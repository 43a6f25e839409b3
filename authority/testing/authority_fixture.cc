#include "authority/testing/authority_fixture.h"

#include "authority/testing/openssl_csr.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "storage/open.h"

namespace chancery::authority::testing {
namespace {

using base::testing::IsOk;

std::unique_ptr<storage::Inventory> NewInventory() {
  static int made = 0;
  return *storage::OpenSqlite(
      crypto::testing::TempPath("inventory-" + std::to_string(++made) + ".db"));
}

const std::string& Csr() {
  static const std::string csr = OpenSslCsr("www.example.com");
  return csr;
}

}  // namespace

AuthorityFixture::AuthorityFixture() : real_inventory_(NewInventory()) {
  EXPECT_THAT(issuers_.Refresh(), IsOk());
}

IssueOrder AuthorityFixture::Order(const std::string& request_id) const {
  return {.request_id = request_id,
          .requester = kClient,
          .issuer = "issuing",
          .profile = "server",
          .csr = Csr()};
}

RevokeOrder AuthorityFixture::Revocation(const std::string& request_id,
                                         const std::string& serial,
                                         int reason) const {
  return {.request_id = request_id,
          .requester = kClient,
          .issuer = "issuing",
          .serial = serial,
          .reason = reason};
}

ReleaseOrder AuthorityFixture::Releasing(const std::string& request_id,
                                         const std::string& serial) const {
  return {.request_id = request_id,
          .requester = kClient,
          .issuer = "issuing",
          .serial = serial};
}

std::string AuthorityFixture::IssueOne(const std::string& request_id) {
  const auto issued = authority_.Issue(Order(request_id));
  EXPECT_THAT(issued, IsOk());
  return issued->certificate.serial;
}

std::vector<storage::CertificateRow> AuthorityFixture::Rows() {
  const auto page = real_inventory_->ListCertificates({}, "", 1000);
  EXPECT_THAT(page, IsOk());
  return page->rows;
}

}  // namespace chancery::authority::testing
