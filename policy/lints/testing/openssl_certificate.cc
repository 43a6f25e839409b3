#include "policy/lints/testing/openssl_certificate.h"

#include <map>

#include "crypto/testing/command.h"

namespace chancery::policy::lints::testing {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

// Made once for each kind.
std::string KeyFile(const std::string& kind) {
  static auto* made = new std::map<std::string, std::string>;
  std::string& path = (*made)[kind];
  if (path.empty()) {
    path = TempPath("key" + std::to_string(made->size()));
    Shell("openssl genpkey " + kind + " -out " + path +
          " && openssl pkey -in " + path + " -pubout -out " + path + ".pub");
  }
  return path;
}

}  // namespace

OpenSslCertificate OpenSslCertificate::Set(const std::string& name,
                                           const std::string& value) const {
  OpenSslCertificate copy = *this;
  for (auto& extension : copy.extensions_) {
    if (extension.first == name) {
      extension.second = value;
      return copy;
    }
  }
  copy.extensions_.emplace_back(name, value);
  return copy;
}

OpenSslCertificate OpenSslCertificate::Subject(
    const std::string& subject) const {
  OpenSslCertificate copy = *this;
  copy.subject_ = subject;
  return copy;
}

OpenSslCertificate OpenSslCertificate::Serial(const std::string& serial) const {
  OpenSslCertificate copy = *this;
  copy.serial_ = serial;
  return copy;
}

OpenSslCertificate OpenSslCertificate::Days(int days) const {
  OpenSslCertificate copy = *this;
  copy.days_ = days;
  return copy;
}

OpenSslCertificate OpenSslCertificate::Key(const std::string& key) const {
  OpenSslCertificate copy = *this;
  copy.key_ = key;
  return copy;
}

OpenSslCertificate OpenSslCertificate::Digest(const std::string& option) const {
  OpenSslCertificate copy = *this;
  copy.digest_ = option;
  return copy;
}

std::string OpenSslCertificate::Make() const {
  std::string section;
  for (const auto& [name, value] : extensions_) {
    if (!value.empty()) {
      section += name + "=" + value + "\n";
    } else if (name == "subjectKeyIdentifier" ||
               name == "authorityKeyIdentifier") {
      // OpenSSL adds these unless it is told not to.
      section += name + "=none\n";
    }
  }
  const std::string file = WriteTemp("extensions.cnf", section);
  const std::string signer =
      self_signed_ ? "-key " + KeyFile(key_)
                   : "-force_pubkey " + KeyFile(key_) + ".pub -CA " +
                         TempPath("ca.pem") + " -CAkey " + TempPath("ca.key");
  const std::string der =
      Shell("openssl x509 -new -subj '" + subject_ + "' " + signer +
            " -set_serial " + serial_ + " -days " + std::to_string(days_) +
            " " + digest_ + " -extfile " + file + " -outform DER");
  return Edited(der);
}

std::string OpenSslCertificate::KeyPath() const { return KeyFile(key_); }

OpenSslCertificate Server() {
  OpenSslCertificate server;
  server.subject_ = "/C=AT/O=Test";
  server.extensions_ = {
      {"basicConstraints", "critical,CA:FALSE"},
      {"keyUsage", "critical,digitalSignature"},
      {"extendedKeyUsage", "serverAuth"},
      {"subjectKeyIdentifier", "hash"},
      {"authorityKeyIdentifier", "keyid"},
      {"subjectAltName", "DNS:www.example.com"},
      {"certificatePolicies", "2.23.140.1.2.2"},
      {"authorityInfoAccess",
       "OCSP;URI:http://ocsp.example.com,"
       "caIssuers;URI:http://ca.example.com/ca.cer"},
      {"crlDistributionPoints", "URI:http://crl.example.com/1.crl"}};
  return server;
}

OpenSslCertificate Client() {
  return Server().Set("extendedKeyUsage", "clientAuth");
}

OpenSslCertificate ServerCa() {
  OpenSslCertificate ca =
      Server()
          .Subject("/C=AT/O=Test/CN=Server CA")
          .Set("basicConstraints", "critical,CA:TRUE,pathlen:0")
          .Set("keyUsage", "critical,keyCertSign,cRLSign")
          .Set("subjectAltName", "");
  return ca;
}

OpenSslCertificate Root() {
  OpenSslCertificate root;
  root.self_signed_ = true;
  root.subject_ = "/C=AT/O=Test/CN=Root";
  root.days_ = 3650;
  root.extensions_ = {{"basicConstraints", "critical,CA:TRUE"},
                      {"keyUsage", "critical,keyCertSign,cRLSign"},
                      {"subjectKeyIdentifier", "hash"}};
  return root;
}

OpenSslCertificate Responder() {
  OpenSslCertificate responder;
  responder.subject_ = "/C=AT/O=Test/CN=Responder";
  responder.extensions_ = {{"keyUsage", "critical,digitalSignature"},
                           {"extendedKeyUsage", "OCSPSigning"},
                           {"noCheck", "ignored"},
                           {"subjectKeyIdentifier", "hash"},
                           {"authorityKeyIdentifier", "keyid"}};
  return responder;
}

void MakeIssuer() {
  const std::string section =
      WriteTemp("ca.cnf",
                "basicConstraints=critical,CA:TRUE\n"
                "keyUsage=critical,keyCertSign,cRLSign,digitalSignature\n"
                "subjectKeyIdentifier=hash\n");
  Shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out " +
        TempPath("ca.key"));
  Shell("openssl x509 -new -key " + TempPath("ca.key") +
        " -subj '/C=AT/O=Test/CN=CA' -set_serial 0x4142434445464748 -days "
        "3650 -extfile " +
        section + " -out " + TempPath("ca.pem"));
}

}  // namespace chancery::policy::lints::testing
