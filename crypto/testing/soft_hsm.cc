#include "crypto/testing/soft_hsm.h"

#include <cstdlib>

#include "crypto/testing/command.h"

namespace chancery::crypto::testing {

SoftHsm::SoftHsm() {
  const std::string tokens = TempPath("tokens");
  Shell("rm -rf " + tokens + " && mkdir " + tokens);
  const std::string config =
      WriteTemp("softhsm2.conf", "directories.tokendir = " + tokens +
                                     "\nobjectstore.backend = file\n"
                                     "log.level = ERROR\n");
  setenv("SOFTHSM2_CONF", config.c_str(), 1);
}

void SoftHsm::AddToken(const std::string& label) {
  Shell("softhsm2-util --init-token --free --label " + label + " --pin " +
        kSoftHsmPin + " --so-pin " + kSoftHsmPin);
}

std::string SoftHsm::Uri(const std::string& token, const std::string& rest) {
  return "pkcs11:token=" + token + rest + "?module-path=" + kSoftHsmModule;
}

void SoftHsm::Import(const std::string& token, const std::string& path,
                     const std::string& label, const std::string& id_hex) {
  Shell("softhsm2-util --import " + path + " --token " + token + " --label " +
        label + " --id " + id_hex + " --pin " + kSoftHsmPin);
}

std::string SoftHsm::Pkcs11Tool(const std::string& token,
                                const std::string& arguments) {
  return Shell(std::string("pkcs11-tool --module ") + kSoftHsmModule +
               " --token-label " + token + " --login --pin " + kSoftHsmPin +
               " " + arguments);
}

}  // namespace chancery::crypto::testing
