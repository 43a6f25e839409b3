// OCSP responses made by the `openssl` command line: one that breaks no rule,
// and ways to have it otherwise.
#ifndef CHANCERY_POLICY_LINTS_TESTING_OPENSSL_OCSP_H_
#define CHANCERY_POLICY_LINTS_TESTING_OPENSSL_OCSP_H_

#include <optional>
#include <string>

#include "policy/lints/testing/der_edits.h"
#include "policy/lints/testing/openssl_certificate.h"

namespace chancery::policy::lints::testing {

// A recipe: cheap to copy; Make runs OpenSSL, then the edits. MakeIssuer comes
// before.
class OpenSslOcsp : public DerEdits<OpenSslOcsp> {
 public:
  // About a good certificate, by SHA-256.
  static constexpr char kAboutGood[] = "-sha256 -serial 0x41424344454647484950";
  static constexpr char kAboutRevoked[] =
      "-sha256 -serial 0x51525354555657585960";
  static constexpr char kAboutUnknown[] = "-sha256 -serial 0x61626364";

  // What is asked about, as arguments of `openssl ocsp`.
  OpenSslOcsp About(const std::string& serials) const;
  // About a revoked certificate, with this "YYMMDDHHMMSSZ[,reason]".
  OpenSslOcsp Revoked(const std::string& when) const;
  // Signed by a delegate, whose certificate is embedded.
  OpenSslOcsp By(const OpenSslCertificate& delegate) const;
  // How it is signed, in place of the arguments of a good one.
  OpenSslOcsp Options(const std::string& options) const;

  // DER.
  std::string Make() const;

 private:
  std::string about_ = kAboutGood;
  std::string revoked_ = "200101000000Z,keyCompromise";
  std::string options_ = "-ndays 4 -resp_key_id -rmd sha256";
  std::optional<OpenSslCertificate> delegate_;
};

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_OPENSSL_OCSP_H_
