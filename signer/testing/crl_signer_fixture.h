#ifndef CHANCERY_SIGNER_TESTING_CRL_SIGNER_FIXTURE_H_
#define CHANCERY_SIGNER_TESTING_CRL_SIGNER_FIXTURE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"

namespace chancery::signer::testing {

// A signer whose CRLs OpenSSL reads.
class CrlSignerFixture : public ::testing::Test {
 protected:
  explicit CrlSignerFixture(const TestPki::Options& options = {})
      : world_(options) {}

  // A new certificate, revoked.
  std::string Revoked(int reason = 4) {
    const auto issued = world_.Issue(absl::StrCat("issue ", ++requests_));
    EXPECT_THAT(issued, base::testing::IsOk());
    EXPECT_THAT(world_.Revoke(absl::StrCat("revoke ", requests_),
                              issued->serial, reason),
                base::testing::IsOk());
    return issued->serial;
  }

  // The next CRL, as OpenSSL reads it and as the reply describes it.
  OpenSslOracle::Crl Next() {
    const auto made = world_.SignCrl();
    EXPECT_THAT(made, base::testing::IsOk());
    const OpenSslOracle::Crl crl = world_.openssl.ReadCrl(made->der);
    EXPECT_TRUE(crl.verified);
    EXPECT_EQ(crl.number, made->number);
    EXPECT_EQ(crl.this_update, made->this_update);
    EXPECT_EQ(crl.next_update, made->next_update);
    EXPECT_EQ(crl.entries.size(), made->entries);
    return crl;
  }

  SignerWorld world_;
  int requests_ = 0;
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_CRL_SIGNER_FIXTURE_H_
