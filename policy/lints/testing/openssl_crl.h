// CRLs made by the `openssl` command line: one that breaks no rule, with one
// entry, and ways to have it otherwise.
#ifndef CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CRL_H_
#define CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CRL_H_

#include <map>
#include <string>
#include <vector>

#include "policy/lints/testing/der_edits.h"

namespace chancery::policy::lints::testing {

// A recipe: cheap to copy; Make runs OpenSSL, then the edits. MakeIssuer comes
// before.
class OpenSslCrl : public DerEdits<OpenSslCrl> {
 public:
  // Revoked certificates, each with this "YYMMDDHHMMSSZ[,reason]".
  OpenSslCrl Revoked(const std::vector<std::string>& when) const;
  // An extension as OpenSSL's configuration has it; an empty value removes it.
  OpenSslCrl Set(const std::string& name, const std::string& value) const;
  // issuingDistributionPoint, critical, as a section of the configuration.
  OpenSslCrl Point(const std::string& section) const;
  // cRLNumber, in hexadecimal; empty: there is none.
  OpenSslCrl Number(const std::string& number) const;
  OpenSslCrl Days(int days) const;
  OpenSslCrl Digest(const std::string& digest) const;

  // DER.
  std::string Make() const;

 private:
  std::vector<std::string> revoked_ = {"200101000000Z,keyCompromise"};
  std::map<std::string, std::string> extensions_ = {
      {"authorityKeyIdentifier", "keyid"}};
  std::string point_, number_ = "1000", digest_ = "sha256";
  int days_ = 7;
};

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CRL_H_
