// Certificates for tests of services, made by the `openssl` command.
#ifndef CHANCERY_RPC_TESTING_SERVICE_CA_H_
#define CHANCERY_RPC_TESTING_SERVICE_CA_H_

#include <string>

#include "chancery/config/common.pb.h"

namespace chancery::rpc::testing {

// A service CA with its files in a folder below TEST_TMPDIR.
class ServiceCa {
 public:
  explicit ServiceCa(const std::string& name);

  // A key and a certificate for `uri`, in files of their own. With `days` -1
  // the certificate has expired. `extra` is more subjectAltName, ",URI:...".
  config::TlsIdentity Issue(const std::string& uri, int days = 30,
                            const std::string& extra = "");

  // Puts other files in the place of those of `identity`, by renaming.
  void Replace(const config::TlsIdentity& identity,
               const config::TlsIdentity& by);

  std::string trust_file() const { return folder_ + "/ca.pem"; }

 private:
  const std::string folder_;
  int issued_ = 0;
};

}  // namespace chancery::rpc::testing

#endif  // CHANCERY_RPC_TESTING_SERVICE_CA_H_
