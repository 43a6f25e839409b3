// Certificates made by the `openssl` command line, for each profile one that
// breaks no rule, and ways to have it otherwise.
#ifndef CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CERTIFICATE_H_
#define CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CERTIFICATE_H_

#include <string>
#include <utility>
#include <vector>

#include "policy/lints/testing/der_edits.h"

namespace chancery::policy::lints::testing {

// A recipe: cheap to copy; Make runs OpenSSL, then the edits.
class OpenSslCertificate : public DerEdits<OpenSslCertificate> {
 public:
  // An extension as OpenSSL's configuration has it, in place of the profile's;
  // an empty value removes it.
  OpenSslCertificate Set(const std::string& name,
                         const std::string& value) const;
  OpenSslCertificate Subject(const std::string& subject) const;
  OpenSslCertificate Serial(const std::string& serial) const;
  OpenSslCertificate Days(int days) const;
  // As `openssl genpkey` takes it.
  OpenSslCertificate Key(const std::string& key) const;
  OpenSslCertificate Digest(const std::string& option) const;

  // DER.
  std::string Make() const;

  // The file of its own private key.
  std::string KeyPath() const;

 private:
  friend OpenSslCertificate Server();
  friend OpenSslCertificate Client();
  friend OpenSslCertificate ServerCa();
  friend OpenSslCertificate Root();
  friend OpenSslCertificate Responder();

  bool self_signed_ = false;
  std::string subject_, serial_ = "0x414243444546474849505152535455";
  std::string key_ = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
  std::string digest_ = "-sha256";
  int days_ = 40;
  std::vector<std::pair<std::string, std::string>> extensions_;
};

// Of a TLS server, a TLS client, a CA of TLS servers, a root, an OCSP
// responder.
OpenSslCertificate Server();
OpenSslCertificate Client();
OpenSslCertificate ServerCa();
OpenSslCertificate Root();
OpenSslCertificate Responder();

// The CA that signs them: "ca.pem" and "ca.key" in the test's folder.
void MakeIssuer();

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_OPENSSL_CERTIFICATE_H_
