#include "authority/testing/openssl_csr.h"

#include "base/file.h"
#include "crypto/testing/command.h"

namespace chancery::authority::testing {

std::string OpenSslCsr(const std::string& name) {
  const std::string path = crypto::testing::TempPath(name + ".csr");
  crypto::testing::Shell(
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-keyout /dev/null -outform DER -out " +
      path + " -subj /CN=" + name + " -addext subjectAltName=DNS:" + name +
      " 2>&1");
  return *base::ReadFile(path);
}

}  // namespace chancery::authority::testing
