#ifndef CHANCERY_SIGNER_TESTING_OPENSSL_ORACLE_H_
#define CHANCERY_SIGNER_TESTING_OPENSSL_ORACLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "signer/issuer.h"

namespace chancery::signer::testing {

// What the `openssl` command line makes of what a signer gave out: it shares no
// code with what made it. Not thread-safe: it writes files.
class OpenSslOracle {
 public:
  explicit OpenSslOracle(const Issuer& issuer);

  // The CA's certificate, PEM.
  const std::string& ca_file() const { return ca_file_; }

  // `openssl verify` of a certificate under the CA at `now`.
  bool VerifiesCertificate(const std::string& der, absl::Time now) const;
  // `openssl x509 -text`.
  std::string CertificateText(const std::string& der) const;

  struct Ocsp {
    std::string status = {};  // "good" or "revoked"; else openssl's complaint.
    absl::Time this_update = {};
    absl::Time next_update = {};
    std::string reason = {};  // "keyCompromise"; empty: absent.
    std::optional<absl::Time> revoked_at = {};
  };
  // What the response says of the certificate, to a client that asks with
  // `hash` ("sha1", "sha256") and verifies signer and signature at `now`.
  Ocsp AskOcsp(const std::string& response, const std::string& serial,
               absl::Time now, const std::string& hash = "sha1") const;

  struct Crl {
    bool verified = false;  // The CA signed it.
    std::string issuer = {};
    uint64_t number = 0;
    absl::Time this_update = {};
    absl::Time next_update = {};
    struct Entry {
      absl::Time revoked_at = {};
      std::string reason = {};  // "Key Compromise"; empty: absent.
    };
    std::map<std::string, Entry> entries = {};  // By serial: magnitude bytes.
  };
  Crl ReadCrl(const std::string& der) const;

 private:
  std::string ca_file_;
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_OPENSSL_ORACLE_H_
