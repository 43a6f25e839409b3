#include "rpc/testing/service_ca.h"

#include <cstdio>

#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::rpc::testing {

using crypto::testing::Shell;

ServiceCa::ServiceCa(const std::string& name)
    : folder_(crypto::testing::TempPath(name)) {
  Shell("rm -rf " + folder_ + " && mkdir -m 700 " + folder_ + " && cd " +
        folder_ +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        "-nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=" +
        name);
}

config::TlsIdentity ServiceCa::Issue(const std::string& uri, int days,
                                     const std::string& extra) {
  const std::string stem = folder_ + "/" + std::to_string(++issued_);
  Shell(
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-keyout " +
      stem + ".key -out " + stem +
      ".csr -subj /CN=test -addext 'subjectAltName=URI:" + uri + extra +
      "' && chmod 600 " + stem + ".key");
  Shell("openssl x509 -req -in " + stem + ".csr -CA " + trust_file() +
        " -CAkey " + folder_ +
        "/ca.key -CAcreateserial -copy_extensions copy "
        "-days " +
        std::to_string(days) + " -out " + stem + ".pem");
  config::TlsIdentity identity;
  identity.set_certificate_file(stem + ".pem");
  identity.set_key_file(stem + ".key");
  identity.set_trust_file(trust_file());
  return identity;
}

void ServiceCa::Replace(const config::TlsIdentity& identity,
                        const config::TlsIdentity& by) {
  EXPECT_EQ(std::rename(by.key_file().c_str(), identity.key_file().c_str()), 0);
  EXPECT_EQ(std::rename(by.certificate_file().c_str(),
                        identity.certificate_file().c_str()),
            0);
}

}  // namespace chancery::rpc::testing
