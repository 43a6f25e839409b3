// One token of SoftHSM2 for whatever opens keys by a KeySource, behind a module
// that fails on command.
#ifndef CHANCERY_CRYPTO_TESTING_FAULTY_TOKEN_H_
#define CHANCERY_CRYPTO_TESTING_FAULTY_TOKEN_H_

#include <string>

#include "crypto/key_source.h"
#include "crypto/testing/faulty_hsm.h"

namespace chancery::crypto::testing {

// One at a time, and before the module is loaded. Begins without faults.
class FaultyToken {
 public:
  FaultyToken();

  // As FaultyHsm::Command.
  void Command(const std::string& commands) { hsm_.Command(commands); }

  // Through the faulty module, with the PIN in a file; `rest` as of
  // FaultyHsm::Uri.
  static KeySource Source(const std::string& rest = "");

  // What OpenSC's pkcs11-tool prints, logged in, past the faulty module.
  static std::string Tool(const std::string& arguments);

 private:
  FaultyHsm hsm_;
};

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_FAULTY_TOKEN_H_
