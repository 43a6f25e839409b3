#include "policy/lints/testing/openssl_ocsp.h"

#include "crypto/testing/command.h"

namespace chancery::policy::lints::testing {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

}  // namespace

OpenSslOcsp OpenSslOcsp::About(const std::string& serials) const {
  OpenSslOcsp copy = *this;
  copy.about_ = serials;
  return copy;
}

OpenSslOcsp OpenSslOcsp::Revoked(const std::string& when) const {
  OpenSslOcsp copy = About(kAboutRevoked);
  copy.revoked_ = when;
  return copy;
}

OpenSslOcsp OpenSslOcsp::By(const OpenSslCertificate& delegate) const {
  OpenSslOcsp copy = *this;
  copy.delegate_ = delegate;
  return copy;
}

OpenSslOcsp OpenSslOcsp::Options(const std::string& options) const {
  OpenSslOcsp copy = *this;
  copy.options_ = options;
  return copy;
}

std::string OpenSslOcsp::Make() const {
  const std::string index =
      WriteTemp("ocsp.index",
                "V\t491231235959Z\t\t41424344454647484950\tunknown\t/CN=a\n"
                "R\t491231235959Z\t" +
                    revoked_ + "\t51525354555657585960\tunknown\t/CN=b\n");
  const std::string ca = TempPath("ca.pem"), out = TempPath("ocsp.der");
  std::string signer = ca, key = TempPath("ca.key");
  if (delegate_.has_value()) {
    const std::string der = WriteTemp("delegate.der", delegate_->Make());
    signer = TempPath("delegate.pem");
    Shell("openssl x509 -inform DER -in " + der + " -out " + signer);
    key = delegate_->KeyPath();
  }
  Shell("openssl ocsp -issuer " + ca + " " + about_ + " -index " + index +
        " -CA " + ca + " -rsigner " + signer + " -rkey " + key + " " +
        options_ + (delegate_.has_value() ? "" : " -resp_no_certs") +
        " -no_nonce -noverify -respout " + out);
  const std::string der = Shell("cat " + out);
  return Edited(der);
}

}  // namespace chancery::policy::lints::testing
