// A CA that the `openssl` command line made, as an oracle: its key is ours too.
#ifndef CHANCERY_X509_TESTING_OPENSSL_CA_H_
#define CHANCERY_X509_TESTING_OPENSSL_CA_H_

#include <memory>
#include <string>
#include <vector>

#include "crypto/software_key.h"

namespace chancery::x509::testing {

// Files in the test's temporary folder. Not thread-safe.
class OpenSslCa {
 public:
  // `key` as `openssl genpkey` takes it.
  explicit OpenSslCa(const std::string& name,
                     const std::string& key =
                         "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");

  // Rows of `openssl ca`'s index: (hexadecimal serial, "" for good or
  // "YYMMDDHHMMSSZ[,reason]" for revoked).
  struct Row {
    std::string serial;
    std::string revoked;
  };
  void WriteIndex(const std::vector<Row>& rows) const;

  // A certificate of this CA for ten days with these extensions, as a section
  // of OpenSSL's configuration: Path("delegate.pem"), Path("delegate.key").
  void MakeDelegate(const std::string& extensions) const;

  // Of a file with this ending: "pem" (the certificate), "key", "index".
  std::string Path(const std::string& ending) const;

  const std::string& subject() const { return subject_; }  // DER Name.
  const crypto::SoftwareKey& key() const { return *key_; }

 private:
  const std::string name_;
  std::string subject_;
  std::unique_ptr<crypto::SoftwareKey> key_;
};

}  // namespace chancery::x509::testing

#endif  // CHANCERY_X509_TESTING_OPENSSL_CA_H_
